//! What the pages say. `{app}`, `{email}`, `{n}`, `{date}`, `{time}` and `{contact}` are put in.

mod de;
mod en;
mod es;
mod zh;

use std::time::Duration;

use portcullis::policy::identity::Language;

/// The words of one language. A word that one language lacks is a fault that the compiler finds.
#[derive(Debug)]
#[expect(missing_docs, reason = "each name is its English text in short")]
pub struct Words {
    // Everywhere.
    pub skip: &'static str,
    pub language: &'static str,
    pub problem: &'static str,
    pub back: &'static str,
    pub to_site: &'static str,
    pub contact: &'static str,
    // Fields.
    pub email: &'static str,
    pub password: &'static str,
    pub new_password: &'static str,
    pub current_password: &'static str,
    pub name: &'static str,
    pub name_hint: &'static str,
    pub new_email: &'static str,
    pub remember: &'static str,
    pub password_hint: &'static str,
    // What is wrong with a field.
    pub fill_in: &'static str,
    pub no_address: &'static str,
    pub too_short: &'static str,
    pub too_long: &'static str,
    pub common: &'static str,
    pub breached: &'static str,
    pub guessable: &'static str,
    pub wrong_password: &'static str,
    // Signing in.
    pub sign_in: &'static str,
    pub sign_in_lead: &'static str,
    pub refused: &'static str,
    pub wait: &'static str,
    pub forgot: &'static str,
    pub by_link: &'static str,
    pub no_account: &'static str,
    pub have_account: &'static str,
    pub again_title: &'static str,
    pub again_lead: &'static str,
    pub done_reset: &'static str,
    // Signing up.
    pub sign_up: &'static str,
    pub sign_up_lead: &'static str,
    pub sign_up_button: &'static str,
    pub closed_title: &'static str,
    pub closed_lead: &'static str,
    pub written_title: &'static str,
    pub written_lead: &'static str,
    pub maybe_lead: &'static str,
    pub written_hint: &'static str,
    pub invited_title: &'static str,
    pub invited_lead: &'static str,
    // Links from letters.
    pub confirm_title: &'static str,
    pub confirm_lead: &'static str,
    pub confirm_button: &'static str,
    pub dead_title: &'static str,
    pub dead_lead: &'static str,
    pub forgotten_title: &'static str,
    pub forgotten_lead: &'static str,
    pub send_link: &'static str,
    pub reset_lead: &'static str,
    pub set_password: &'static str,
    pub magic_title: &'static str,
    pub magic_lead: &'static str,
    pub magic_open: &'static str,
    pub magic_open_lead: &'static str,
    // Signing out.
    pub sign_out: &'static str,
    pub sign_out_title: &'static str,
    pub sign_out_lead: &'static str,
    pub signed_out_title: &'static str,
    pub signed_out_lead: &'static str,
    // The account.
    pub account: &'static str,
    pub account_lead: &'static str,
    pub profile: &'static str,
    pub save: &'static str,
    pub change: &'static str,
    pub signing_in: &'static str,
    pub password_set: &'static str,
    pub password_none: &'static str,
    pub devices: &'static str,
    pub this_device: &'static str,
    pub last_seen: &'static str,
    pub stays: &'static str,
    pub sign_out_others: &'static str,
    pub only_here: &'static str,
    pub activity: &'static str,
    pub nothing_yet: &'static str,
    pub danger: &'static str,
    pub remove: &'static str,
    pub remove_title: &'static str,
    pub remove_lead: &'static str,
    pub removed_title: &'static str,
    pub removed_lead: &'static str,
    pub password_title: &'static str,
    pub password_lead: &'static str,
    pub password_done: &'static str,
    pub email_title: &'static str,
    pub email_lead: &'static str,
    pub email_confirm_title: &'static str,
    pub email_done: &'static str,
    pub name_done: &'static str,
    pub devices_done: &'static str,
    // Not now.
    pub busy_title: &'static str,
    pub busy_lead: &'static str,
    pub away_title: &'static str,
    pub away_lead: &'static str,
    pub seconds: &'static str,
    pub minutes: &'static str,
    pub hours: &'static str,
    // What happened.
    pub happened_signed_up: &'static str,
    pub happened_signed_in: &'static str,
    pub happened_signed_in_by_link: &'static str,
    pub happened_sign_in_failed: &'static str,
    pub happened_signed_up_again: &'static str,
    pub happened_reset_asked: &'static str,
    pub happened_password_changed: &'static str,
    pub happened_password_reset: &'static str,
    pub happened_email_asked: &'static str,
    pub happened_email_changed: &'static str,
    pub happened_name_changed: &'static str,
    pub happened_devices_signed_out: &'static str,
    pub happened_factors_changed: &'static str,
    pub happened_recovery_code_used: &'static str,
    pub happened_key_made: &'static str,
    pub happened_key_revoked: &'static str,
}

/// The words of a language.
#[must_use]
pub const fn of(language: Language) -> &'static Words {
    match language {
        Language::En => &en::ENGLISH,
        Language::De => &de::GERMAN,
        Language::Es => &es::SPANISH,
        Language::Zh => &zh::CHINESE,
    }
}

/// What a language calls itself.
#[must_use]
pub const fn own_name(language: Language) -> &'static str {
    match language {
        Language::En => "English",
        Language::De => "Deutsch",
        Language::Es => "Español",
        Language::Zh => "中文",
    }
}

/// Puts values in, in one pass: what is put in is not looked at again.
#[must_use]
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        out.push_str(before);
        out.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    out.push_str(rest);
    out
}

impl Words {
    /// A time to wait, rounded up, in the largest unit that fits.
    #[must_use]
    pub fn time(&self, span: Duration) -> String {
        let seconds = span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0)).max(1);
        let (template, number) = match seconds {
            0..=90 => (self.seconds, seconds),
            91..=5400 => (self.minutes, seconds.div_ceil(60)),
            _ => (self.hours, seconds.div_ceil(3600)),
        };
        fill(template, &[("n", &number.to_string())])
    }

    /// What happened to an account, as it is stored, in words.
    #[must_use]
    pub fn happened(&self, what: &str) -> Option<&'static str> {
        Some(match what {
            "signed_up" => self.happened_signed_up,
            "signed_in" => self.happened_signed_in,
            "signed_in_by_link" => self.happened_signed_in_by_link,
            "sign_in_failed" => self.happened_sign_in_failed,
            "signed_up_again" => self.happened_signed_up_again,
            "reset_asked" => self.happened_reset_asked,
            "password_changed" => self.happened_password_changed,
            "password_reset" => self.happened_password_reset,
            "email_asked" => self.happened_email_asked,
            "email_changed" => self.happened_email_changed,
            "name_changed" => self.happened_name_changed,
            "devices_signed_out" => self.happened_devices_signed_out,
            "factors_changed" => self.happened_factors_changed,
            "recovery_code_used" => self.happened_recovery_code_used,
            "key_made" => self.happened_key_made,
            "key_revoked" => self.happened_key_revoked,
            _ => return None,
        })
    }
}
