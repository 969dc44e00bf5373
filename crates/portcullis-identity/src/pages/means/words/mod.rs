//! What the pages of factors say. `{n}`, `{date}` and `{provider}` are put in.

mod de;
mod en;
mod es;
mod zh;

use portcullis::policy::identity::Language;

/// The words of one language. A word that one language lacks is a fault that the compiler finds.
pub(super) struct Words {
    pub(super) change: &'static str,
    pub(super) none: &'static str,
    pub(super) passkeys: &'static str,
    pub(super) apps: &'static str,
    pub(super) codes: &'static str,
    pub(super) keys: &'static str,
    pub(super) identities: &'static str,
    pub(super) by_provider: &'static str,
    pub(super) add_provider: &'static str,
    pub(super) second_title: &'static str,
    pub(super) second_app: &'static str,
    pub(super) second_recovery: &'static str,
    pub(super) second_passkey: &'static str,
    pub(super) code: &'static str,
    pub(super) recovery_code: &'static str,
    pub(super) use_passkey: &'static str,
    pub(super) use_recovery: &'static str,
    pub(super) use_other: &'static str,
    pub(super) wrong_code: &'static str,
    pub(super) offer_over: &'static str,
    pub(super) factors_title: &'static str,
    pub(super) factors_lead: &'static str,
    pub(super) passkeys_hint: &'static str,
    pub(super) label: &'static str,
    pub(super) add_passkey: &'static str,
    pub(super) add_app: &'static str,
    pub(super) take_away: &'static str,
    pub(super) never_used: &'static str,
    pub(super) used: &'static str,
    pub(super) ends: &'static str,
    pub(super) saved: &'static str,
    pub(super) codes_left: &'static str,
    pub(super) new_codes: &'static str,
    pub(super) codes_lead: &'static str,
    pub(super) codes_kept: &'static str,
    pub(super) scan: &'static str,
    pub(super) or_type: &'static str,
    pub(super) needs_script: &'static str,
    pub(super) signed_out: &'static str,
    pub(super) passkey_nothing: &'static str,
    pub(super) passkey_over: &'static str,
    pub(super) passkey_wrong: &'static str,
    pub(super) passkey_unverified: &'static str,
    pub(super) passkey_unknown: &'static str,
    pub(super) passkey_known: &'static str,
    pub(super) passkey_many: &'static str,
    pub(super) passkey_none: &'static str,
    pub(super) passkey_no_host: &'static str,
    pub(super) provider_title: &'static str,
    pub(super) provider_over: &'static str,
    pub(super) provider_declined: &'static str,
    pub(super) provider_away: &'static str,
    pub(super) provider_wrong: &'static str,
    pub(super) provider_of_another: &'static str,
    pub(super) provider_account_exists: &'static str,
    pub(super) provider_closed: &'static str,
    pub(super) sign_out_there: &'static str,
    pub(super) signed_out_there: &'static str,
    pub(super) provider_no_email: &'static str,
    pub(super) keys_lead: &'static str,
    pub(super) key_shown: &'static str,
    pub(super) new_key: &'static str,
    pub(super) scopes: &'static str,
    pub(super) scopes_hint: &'static str,
    pub(super) days: &'static str,
    pub(super) key_wrong: &'static str,
    pub(super) key_many: &'static str,
    pub(super) passkey_again: &'static str,
    pub(super) revoke: &'static str,
}

/// The words of this language.
pub(super) const fn of(language: Language) -> &'static Words {
    match language {
        Language::En => &en::ENGLISH,
        Language::De => &de::GERMAN,
        Language::Es => &es::SPANISH,
        Language::Zh => &zh::CHINESE,
    }
}
