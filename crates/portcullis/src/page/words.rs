//! What a visitor is told, by status; nothing here depends on what stands behind the gate.

use http::StatusCode;

/// What happened and what can be done about it.
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) happened: &'static str,
    pub(super) advice: &'static [&'static str],
}

const ASK: &str = "If this keeps happening, tell the people who run this site the reference below.";

/// By status; the code tells apart what a visitor can mend.
pub(super) fn of(status: StatusCode, code: &str) -> Words {
    match code {
        "csrf.expired_token" => {
            return Words {
                title: "This form waited too long",
                happened: "The page with this form was opened a long time ago. To be sure that it was you who \
                           sent it, and not another site in your name, it was not accepted yet. Nothing is lost.",
                advice: &["If you did not mean to send this, just close this page."],
            };
        }
        "csrf.missing_token" | "csrf.invalid_token" | "csrf.null_origin" => {
            return Words {
                title: "We could not tell that this came from you",
                happened: "Nothing in this request shows that you sent it from a page of this site, so it was \
                           stopped before it could change anything.",
                advice: &[
                    "Go back, reload the page and send the form once more.",
                    "Allow cookies for this site, and switch off extensions that hide where a request comes \
                     from.",
                    ASK,
                ],
            };
        }
        _ if code.starts_with("csrf.") && status == StatusCode::FORBIDDEN => {
            return Words {
                title: "Another site sent this in your name",
                happened: "Your browser says that a page of another site caused this request. It was stopped \
                           before it could change anything.",
                advice: &[
                    "If you meant to do this, open this site directly and do it there.",
                    "If you did not, close the page that you came from.",
                    ASK,
                ],
            };
        }
        _ if code.starts_with("redirect.") && status == StatusCode::FORBIDDEN => {
            return Words {
                title: "This link would have taken you elsewhere",
                happened: "The link that you followed begins on this site but would have ended on another one. \
                           Links like this are used to deceive, so it was stopped here.",
                advice: &["Do not enter a password after following such a link.", ASK],
            };
        }
        "access.network" | "access.hours" => {
            return Words {
                title: "Not from here, or not now",
                happened: "This page is only for some networks, or for some hours.",
                advice: &[ASK],
            };
        }
        "access.forbidden" | "access.policy_erred" => {
            return Words {
                title: "You may not go here",
                happened: "The rules of this site do not let you see this page.",
                advice: &["If you should see it, ask the people who run this site."],
            };
        }
        _ if code.starts_with("access.") && status == StatusCode::FORBIDDEN => {
            return Words {
                title: "You may not go here",
                happened: "You are signed in, but this page is for people with other rights.",
                advice: &["If you should have them, ask the people who run this site."],
            };
        }
        _ => {}
    }
    by_status(status)
}

fn by_status(status: StatusCode) -> Words {
    match status {
        StatusCode::PERMANENT_REDIRECT => Words {
            title: "This site is served over HTTPS",
            happened: "Your browser is being sent to the secure address of this page.",
            advice: &[],
        },
        StatusCode::SEE_OTHER => Words {
            title: "Sign in first",
            happened: "This page is for people who have signed in. Your browser is being sent there.",
            advice: &[],
        },
        StatusCode::BAD_REQUEST => Words {
            title: "This request could not be read",
            happened: "Something in the request was malformed or could be read in two ways, so it was not \
                       passed on.",
            advice: &["Check the address for odd characters, or go back and try again.", ASK],
        },
        StatusCode::UNAUTHORIZED => Words {
            title: "You are not signed in",
            happened: "This page is for people who have signed in, or for programs with a key that holds.",
            advice: &["Sign in, then try again."],
        },
        StatusCode::FORBIDDEN => Words {
            title: "This request was stopped",
            happened: "It looks like something that could harm this site or its visitors.",
            advice: &["Go back and try it another way.", ASK],
        },
        StatusCode::NOT_FOUND => Words {
            title: "There is nothing here",
            happened: "This address leads to no page.",
            advice: &["Check the address, or begin at the start page."],
        },
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => Words {
            title: "That cannot be done here",
            happened: "The request uses a method that this site does not accept.",
            advice: &[ASK],
        },
        StatusCode::REQUEST_TIMEOUT => Words {
            title: "The request took too long",
            happened: "It did not arrive in time, perhaps because of a slow connection.",
            advice: &["Check your connection and try again."],
        },
        StatusCode::PAYLOAD_TOO_LARGE => Words {
            title: "That is too large",
            happened: "What you sent is larger, or has more parts, than this page accepts.",
            advice: &["Send a smaller file, or less at once.", ASK],
        },
        StatusCode::URI_TOO_LONG => Words {
            title: "This address is too long",
            happened: "The address has more characters than this site accepts.",
            advice: &["Shorten what you searched or filtered for.", ASK],
        },
        StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::UNPROCESSABLE_ENTITY => Words {
            title: "This could not be understood",
            happened: "What was sent is not in a form that this page accepts.",
            advice: &[ASK],
        },
        // Whoever asks for a name that is not ours learns no name that is.
        StatusCode::MISDIRECTED_REQUEST => Words {
            title: "There is no such site here",
            happened: "The address in your browser does not belong to a site that is served here.",
            advice: &["Check the address for a typing error."],
        },
        StatusCode::TOO_MANY_REQUESTS => Words {
            title: "That was too fast",
            happened: "There were too many requests in a short time.",
            advice: &["Wait a moment, then try again."],
        },
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Words {
            title: "Your browser sent too much",
            happened: "The request's headers are larger than this site accepts. Too many cookies are the usual \
                       cause.",
            advice: &["Delete this site's cookies in your browser, then try again.", ASK],
        },
        StatusCode::HTTP_VERSION_NOT_SUPPORTED => Words {
            title: "This version of HTTP is not served here",
            happened: "The request uses a version of the protocol that this site does not accept.",
            advice: &[],
        },
        status if status.is_server_error() => Words {
            title: "Something went wrong",
            happened: "The site could not answer this request. What happened has been written down for the \
                       people who run it.",
            advice: &["Try again in a few minutes.", ASK],
        },
        _ => Words {
            title: "This request was stopped",
            happened: "It was not passed on.",
            advice: &["Go back and try it another way.", ASK],
        },
    }
}
