//! A new policy for a gate that serves: checked whole, then taken into force at once.

use std::io;
use std::sync::Arc;

use portcullis_tower::lend::Remote;

use crate::doors::Role;
use crate::gateway::engine;
use crate::listen::{Binding, Inherited, Manners, Order, Sockets, bind};
use crate::record::log::outs::Outs;
use crate::record::traces::Traces;
use crate::record::{Notice, keys};
use crate::store::Store;
use crate::tls::{Keeping, Sources};
use crate::{Running, Settings, StartError};

/// What came of a reload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reloaded {
    /// What was written but waits for the next start or upgrade, each with its reason.
    pub waits: Vec<String>,
}

impl Running {
    /// Takes `settings` into force: the engine, the way to the app, certificates, listeners, time-outs. No
    /// connection is closed and no request dropped; one that runs ends by the policy it began with.
    ///
    /// Everything that can fail is tried first: after an error nothing has changed.
    ///
    /// # Errors
    /// When any part of the new settings cannot be had.
    pub fn reload(&mut self, settings: Settings) -> Result<Reloaded, StartError> {
        let done = self.try_reload(settings);
        let outcome = if done.is_ok() { "done" } else { "refused" };
        metrics::counter!("portcullis_reloads_total", "outcome" => outcome).increment(1);
        match &done {
            Ok(_) => self.log.notice(Notice::info("portcullis.policy_loaded", "a new policy is in force")),
            Err(error) => {
                let why = format!("the new policy is not taken, the old one stays in force: {error}");
                self.log.notice(Notice::warn("portcullis.policy_refused", &why));
            }
        }
        done
    }

    /// Tells the log of a policy that did not even parse.
    pub fn refuse_reload(&self, why: &str) {
        metrics::counter!("portcullis_reloads_total", "outcome" => "refused").increment(1);
        let why = format!("the new policy is not taken, the old one stays in force: {why}");
        self.log.notice(Notice::warn("portcullis.policy_refused", &why));
    }

    fn try_reload(&mut self, mut settings: Settings) -> Result<Reloaded, StartError> {
        if settings.https.is_empty() && settings.dangerous_plain.is_empty() {
            return Err(StartError::NoListener);
        }
        let old = &self.settings;
        settings.policy.remember_as(&old.policy);
        let reloaded = Reloaded { waits: waits(old, &settings) };
        settings.http3 = old.http3;

        let keys = keys::load(&self.data)?;
        let people = self.keepers.built();
        let people = crate::people::open(&settings, people.as_deref(), &self.data, &keys, &self.log)?;
        let engine = engine(&settings, keys);
        let sources = Sources::from(&settings);
        let changes_tls = !settings.https.is_empty() && sources != Sources::from(old);
        let prepared = match &self.keeping {
            Some(keeping) if changes_tls => Some(keeping.prepare(&sources)?),
            _ => None,
        };
        let begun = match &self.keeping {
            None if !settings.https.is_empty() => {
                Some(Keeping::start(&sources, &self.data, &self.log, self.challenges.clone())?)
            }
            _ => None,
        };
        let store = if settings.store == old.store {
            None
        } else {
            let open = |store: &crate::store::StoreSettings| Store::open(store.clone(), self.log.clone());
            Some(settings.store.as_ref().map(open).transpose()?)
        };
        let outs = if settings.outs == old.outs { None } else { Some(Outs::open(&settings.outs)?) };
        let traces = if settings.traces == old.traces {
            None
        } else {
            Some(settings.traces.as_ref().map(Traces::open).transpose()?)
        };
        let plan = self.doors.plan(settings.roles());
        let bound = self.bind_missing(&settings, &plan.missing)?;

        // A server that stays keeps its connections; a file of authorities is read again.
        self.upstreams.replace(&settings.upstream)?;
        // Nothing fails from here on.
        self.keepers.replace(people);
        self.engines.replace(engine);
        if let (Some(keeping), Some(prepared)) = (&self.keeping, prepared) {
            // Connections and doors hold on to the one that is there.
            self.development = keeping.commit(prepared);
        }
        if let Some((keeping, development)) = begun {
            self.tls = Some(keeping.secure().clone());
            self.development = development;
            self.keeping = Some(keeping);
        }
        if let Some(store) = store {
            let store = store.map(Arc::new);
            let memory = self.remembered.memory();
            self.remembered.share(store.as_ref().map(|store| store.share_collections(memory)));
            self.lender.share(store.map(|store| store as Arc<dyn Remote>));
        }
        if let Some(outs) = outs {
            self.log.send_to(outs);
        }
        if let Some(traces) = traces {
            self.watcher.trace_by(traces);
        }
        self.log.keep(settings.rotation);
        self.admin.move_to(&settings.admin);
        let manners = Manners::of(&settings);
        self.order(|| Order::Manners(manners.clone()));
        for number in self.doors.follow(&plan, bound) {
            self.order(|| Order::Close(number));
        }
        self.open_doors()?;
        self.show_tls();
        // What did not change is still told of at the next reload.
        let old = std::mem::replace(&mut self.settings, settings);
        let kept = &mut self.settings;
        (kept.threads, kept.data_dir, kept.user) = (old.threads, old.data_dir, old.user);
        (kept.capacity, kept.rule_log, kept.audit_log) = (old.capacity, old.rule_log, old.audit_log);
        kept.audit_storage = old.audit_storage;
        self.tell_of_ways_around();
        Ok(reloaded)
    }

    fn bind_missing(
        &self,
        settings: &Settings,
        missing: &[(Role, crate::listen::Address)],
    ) -> io::Result<Vec<(Role, Sockets)>> {
        let all = settings.addresses();
        let binding = Binding { threads: self.threads.len(), unix_mode: settings.unix_mode, all: &all };
        missing
            .iter()
            .map(|(role, address)| Ok((*role, bind(address, binding, &mut Inherited::none())?)))
            .collect()
    }

    fn order(&self, order: impl Fn() -> Order) {
        for thread in self.threads.iter().chain(&self.quic) {
            let _ = thread.orders.send(order());
        }
    }
}

/// What cannot change while the gate serves: nothing the operator wrote is skipped in silence.
fn waits(old: &Settings, new: &Settings) -> Vec<String> {
    let mut list = Vec::new();
    if old.threads != new.threads {
        list.push(format!("`listen.threads` stays {}: threads are started once", old.threads));
    }
    let http3 = |settings: &Settings| settings.http3.then(|| settings.https.clone());
    if http3(old) != http3(new) {
        list.push("where HTTP/3 is served stays: its sockets are bound once".to_owned());
    }
    if old.user != new.user {
        list.push("`run.user` stays: privileges are dropped once".to_owned());
    }
    if old.capacity != new.capacity {
        list.push("how many connections and requests there may be stays: they are counted on".to_owned());
    }
    if (&old.rule_log, &old.audit_log, &old.audit_storage)
        != (&new.rule_log, &new.audit_log, &new.audit_storage)
    {
        list.push("the files that rules log to stay: they were opened at the start".to_owned());
    }
    if old.data_dir != new.data_dir {
        list.push(format!("the data directory stays `{}`", old.data_dir.display()));
    }
    if old.unix_mode != new.unix_mode {
        list.push("`listen.unix_mode` holds for sockets that are made from now on".to_owned());
    }
    list
}

impl Settings {
    fn roles(&self) -> Vec<(Role, crate::listen::Address)> {
        let of = |role, addresses: &[crate::listen::Address]| {
            addresses.iter().map(|address| (role, address.clone())).collect::<Vec<_>>()
        };
        [
            of(Role::Https, &self.https),
            of(Role::Http, &self.http),
            of(Role::DangerousPlain, &self.dangerous_plain),
        ]
        .concat()
    }
}
