//! Goes round the names, and obtains what is due.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use instant_acme::{Account, CertificateIdentifier};
use rustls::sign::CertifiedKey;

use super::challenges::Challenges;
use super::client::{Caller, ComeBack};
use super::files::{Folder, Note};
use super::order::{self, Refused};
use super::schedule::{self, Validity};
use super::{Acme, AcmeStatus};
use crate::record::data_dir::DataDir;
use crate::record::{EventLog, Notice};
use crate::tls::certificates::{self, Certificates};

/// How often one looks, whatever is due: clocks are set, machines sleep.
const LOOK: Duration = Duration::from_secs(60);
/// The bounds of how often renewal information is asked for (RFC 9773 section 4.3.2: about every six hours).
const ASK_SOONEST: u64 = 60;
const ASK_LATEST: u64 = 86_400;

/// Keeps the certificates of all names.
pub(crate) struct Keeper {
    acme: Acme,
    folder: Folder,
    challenges: Arc<Challenges>,
    certificates: Arc<Certificates>,
    log: EventLog,
    come_back: ComeBack,
    status: Arc<Mutex<Vec<AcmeStatus>>>,
}

/// Seconds since the epoch.
fn now() -> u64 {
    seconds(SystemTime::now())
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

fn luck() -> u64 {
    getrandom::u64().unwrap_or(0)
}

impl Keeper {
    /// Opens what is there; certificates that were obtained before are served at once.
    ///
    /// # Errors
    /// When the data directory cannot be used.
    pub(crate) fn open(
        acme: Acme,
        data: &DataDir,
        challenges: Arc<Challenges>,
        certificates: Arc<Certificates>,
        log: EventLog,
        status: Arc<Mutex<Vec<AcmeStatus>>>,
    ) -> std::io::Result<Self> {
        let folder = Folder::of(data, &acme.directory)?;
        for name in &acme.names {
            let files = folder.certificate(name);
            if !files.chain.exists() {
                continue;
            }
            match certificates::read(&files) {
                Ok(key) => certificates.set_obtained(name, Arc::new(key)),
                // It is obtained anew.
                Err(error) => tracing::warn!(%error, "a certificate in the data directory is broken"),
            }
        }
        Ok(Self { acme, folder, challenges, certificates, log, come_back: ComeBack::default(), status })
    }

    /// Goes round for ever.
    pub(crate) async fn keep(self) {
        let mut account: Option<Account> = None;
        loop {
            for name in &self.acme.names {
                let mut note = self.folder.note(name);
                self.ask_renewal(name, &mut note, &mut account).await;
                let due = self.due(name, &note);
                self.tell_status(name, &note, due);
                if due > now() {
                    continue;
                }
                let obtained = self.obtain(name, &note, &mut account).await;
                note = self.judge(name, note, obtained);
                // A certificate without its note would be ordered again at once, so the note comes first in
                // importance: where it cannot be kept, the next round waits for the disk.
                if let Err(error) = self.folder.keep_note(name, &note) {
                    tracing::error!(%error, "the state of `{name}` cannot be kept");
                }
                self.ask_renewal(name, &mut note, &mut account).await;
                self.tell_status(name, &note, self.due(name, &note));
            }
            let due = |name: &String| self.due(name, &self.folder.note(name));
            let next = self.acme.names.iter().map(due).min().unwrap_or(u64::MAX);
            let wait = Duration::from_secs(next.saturating_sub(now()).max(1));
            tokio::time::sleep(wait.min(LOOK)).await;
        }
    }

    fn served(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        self.certificates.obtained(name)
    }

    fn validity(&self, name: &str) -> Option<Validity> {
        let key = self.served(name)?;
        let (not_before, not_after) = certificates::validity(key.cert.first()?)?;
        Some(Validity { not_before, not_after })
    }

    fn due(&self, name: &str, note: &Note) -> u64 {
        let wanted = match self.validity(name) {
            None => 0,
            Some(validity) => note.renew_at.unwrap_or_else(|| schedule::renew_at(validity)),
        };
        wanted.max(note.not_before)
    }

    /// Asks the authority when it would like the certificate to be renewed.
    async fn ask_renewal(&self, name: &str, note: &mut Note, account: &mut Option<Account>) {
        let Some(key) = self.served(name) else { return };
        if note.ask_renewal_at > now() {
            return;
        }
        let account = match self.account(account).await {
            Ok(account) => account,
            Err(Refused { why, .. }) => {
                tracing::debug!("no renewal information for `{name}`: {why}");
                note.ask_renewal_at = now().saturating_add(ASK_LATEST / 4);
                return;
            }
        };
        let Some(id) = key.cert.first().and_then(|own| CertificateIdentifier::try_from(own).ok()) else {
            return;
        };
        let ask_again = match account.renewal_info(&id).await {
            Ok((info, again)) => {
                let at = |moment: i64| u64::try_from(moment).unwrap_or(0);
                let window = &info.suggested_window;
                let (start, end) = (at(window.start.unix_timestamp()), at(window.end.unix_timestamp()));
                // Drawn once for a window: drawn anew each time, the earliest draw would win.
                if note.renew_at.is_none_or(|drawn| drawn < start || drawn > end) {
                    note.renew_at = Some(schedule::within(start, end, luck()));
                    if start <= now()
                        && let Some(why) = info.explanation_url
                    {
                        tracing::warn!("the authority asks for `{name}` to be renewed now: {why}");
                    }
                }
                again.as_secs().clamp(ASK_SOONEST, ASK_LATEST)
            }
            Err(error) => {
                tracing::debug!(%error, "no renewal information for `{name}`");
                ASK_LATEST / 4
            }
        };
        note.ask_renewal_at = now().saturating_add(ask_again);
        if let Err(error) = self.folder.keep_note(name, note) {
            tracing::warn!(%error, "the state of `{name}` cannot be kept");
        }
    }

    /// The account, opened once.
    async fn account(&self, account: &mut Option<Account>) -> Result<Account, Refused> {
        if let Some(known) = account {
            return Ok(known.clone());
        }
        let caller = Caller::new(self.acme.ca.as_deref(), self.come_back.clone())
            .map_err(|why| Refused { why, limited: false })?;
        Ok(account.insert(order::account(&self.acme, &self.folder, &caller).await?).clone())
    }

    async fn obtain(&self, name: &str, note: &Note, account: &mut Option<Account>) -> Result<(), Refused> {
        let known = self.account(account).await?;
        let turn = usize::try_from(note.failures).unwrap_or(0).checked_rem(self.acme.proofs.len());
        let proof =
            turn.and_then(|turn| self.acme.proofs.get(turn)).copied().unwrap_or(super::Proof::TlsAlpn01);
        let old = self.served(name);
        let replaces = old.as_ref().and_then(|key| key.cert.first());
        let Self { acme, challenges, folder, .. } = self;
        order::obtain(acme, &known, challenges, folder, name, proof, replaces).await?;
        let key = certificates::read(&folder.certificate(name))
            .map_err(|error| Refused { why: error.to_string(), limited: false })?;
        self.certificates.set_obtained(name, Arc::new(key));
        Ok(())
    }

    fn judge(&self, name: &str, before: Note, obtained: Result<(), Refused>) -> Note {
        match obtained {
            Ok(()) => {
                let told = format!("a certificate for `{name}` was obtained and is served now");
                tracing::info!("{told}");
                self.log.notice(Notice::info("portcullis.gateway.certificate_obtained", &told));
                Note::default()
            }
            Err(Refused { why, limited }) => {
                let failures = before.failures.saturating_add(1);
                let allowed = self.come_back.take().map(seconds);
                let not_before = schedule::again(now(), failures, limited, allowed, luck());
                let wait = not_before.saturating_sub(now());
                let told = format!("no certificate for `{name}`, tried again in {wait} s: {why}");
                tracing::warn!("{told}");
                self.log.notice(Notice::warn("portcullis.gateway.certificate_refused", &told));
                Note { failures, not_before, error: Some(why), ..before }
            }
        }
    }

    fn tell_status(&self, name: &str, note: &Note, due: u64) {
        let told = AcmeStatus {
            name: name.to_owned(),
            not_after: self.validity(name).map(|validity| validity.not_after),
            due,
            failures: note.failures,
            error: note.error.clone(),
        };
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        match status.iter_mut().find(|one| one.name == name) {
            Some(one) => *one = told,
            None => status.push(told),
        }
    }
}
