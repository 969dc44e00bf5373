//! The service that everything about sessions goes through.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use portcullis::layers::caller::session::{
    By, Config, Context, Cookie, Factors, Found, Notice, Person, Presented, Visitor,
};
use portcullis_store::{
    External, Key, People, Redeemed, Remembered, Session, Sessions, Standing, StoreError, User, UserId,
};

use super::agent::{describe, network};
use super::cache::{Cache, Entry};
use super::devices::{Device, devices};
use super::secret::{digest, digest_of_presented, draw, family_and_token};

/// How often a session's use is written down, at the most: a write for each request would cost more than it tells.
const SPARINGLY: Duration = Duration::from_secs(60);

/// How long the token before the newest is taken for a request that was sent at the same time.
const GRACE: Duration = Duration::from_secs(10);

/// Sessions of one site.
pub struct SessionService {
    sessions: Arc<dyn Sessions>,
    people: Arc<dyn People>,
    config: Config,
    cache: Cache,
}

/// Somebody has proved who they are.
pub struct Begin<'a> {
    /// Who.
    pub user: UserId,
    /// How, now.
    pub factors: Factors,
    /// Whether the device is to stay signed in.
    pub remember: bool,
    /// The sign-in at a provider that proves it.
    pub external: Option<External>,
    /// What the request presented: whatever session it spoke for is over.
    pub presented: &'a Presented,
    /// From where and with what.
    pub context: &'a Context,
    /// Since the Unix epoch.
    pub now: Duration,
}

/// A session that has begun.
#[derive(Debug)]
#[must_use]
pub struct Begun {
    /// `Set-Cookie` for the answer.
    pub cookies: Vec<HeaderValue>,
    /// Under which the session is stored.
    pub key: Key,
}

impl SessionService {
    /// Sessions in `sessions`, of people in `people`.
    #[must_use]
    pub fn new(sessions: Arc<dyn Sessions>, people: Arc<dyn People>, config: &Config) -> Self {
        Self { sessions, people, config: config.clone(), cache: Cache::new(config.memory) }
    }

    /// The settings in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Who is calling, by the session or the remembered device that is presented.
    pub async fn find(&self, presented: &Presented, context: &Context, now: Duration) -> Found {
        if let Some(key) = presented.session.as_deref().and_then(|id| digest_of_presented(id)) {
            match self.by_session(key, context, now).await {
                Ok(Some(found)) => return found,
                Ok(None) => {}
                Err(_) => return Found::away(),
            }
        }
        let Some(value) = presented.remembered.as_deref() else { return Found::default() };
        let Some((family, token)) = family_and_token(value) else { return Found::default() };
        let name = value.split_once('.').map_or("", |(name, _)| name);
        self.by_remembered(name, family, token, context, now).await.unwrap_or_else(|_| Found::away())
    }

    async fn by_session(
        &self,
        key: Key,
        context: &Context,
        now: Duration,
    ) -> Result<Option<Found>, StoreError> {
        let entry = match self.cache.get(key, now) {
            // Another browser is looked at closely; another address alone is what phones do.
            Some(entry) if entry.agent.as_ref() == context.agent => entry,
            _ => match self.read(key, context, now).await? {
                Some((entry, notices)) => {
                    let visitor = Visitor::Person(entry.person);
                    return Ok(Some(Found { visitor, notices, ..Found::default() }));
                }
                None => return Ok(None),
            },
        };
        if now.saturating_sub(entry.seen) >= SPARINGLY && !self.touch(key, context, now).await? {
            return Ok(None);
        }
        Ok(Some(Found { visitor: Visitor::Person(entry.person), ..Found::default() }))
    }

    /// Reads a session from the store, and remembers it.
    async fn read(
        &self,
        key: Key,
        context: &Context,
        now: Duration,
    ) -> Result<Option<(Entry, Vec<Notice>)>, StoreError> {
        let epoch = self.cache.epoch(key);
        let Some(session) = self.sessions.session(key, now).await? else { return Ok(None) };
        let Some(user) = session.user else { return Ok(None) };
        // The limits in force now, too: they may have become narrower since it began.
        let idle_end = session.idle_end.min(session.seen.saturating_add(self.config.idle));
        let absolute_end = session.end.min(session.began.saturating_add(self.config.absolute));
        if now >= idle_end || now >= absolute_end {
            return Ok(None);
        }
        let Some(owner) = self.active(user).await? else {
            self.end_key(key).await?;
            return Ok(None);
        };
        let notices = moved(&session, &owner, context);
        let mut seen = session.seen;
        // What has moved is written down at once, so that it is told once.
        if now.saturating_sub(seen) >= SPARINGLY || !notices.is_empty() {
            let idle_end = now.saturating_add(self.config.idle);
            if !self.sessions.touch(key, now, idle_end, network(context.network)).await? {
                return Ok(None);
            }
            seen = now;
        }
        let entry = Entry {
            user,
            person: Arc::new(person(owner, &session)),
            read: now,
            seen,
            end: absolute_end.min(seen.saturating_add(self.config.idle)),
            agent: context.agent.as_str().into(),
        };
        self.cache.put(key, epoch, entry.clone());
        Ok(Some((entry, notices)))
    }

    /// Writes down that it was used; `false` when it has ended. What is remembered of it is read anew.
    async fn touch(&self, key: Key, context: &Context, now: Duration) -> Result<bool, StoreError> {
        let idle_end = now.saturating_add(self.config.idle);
        let lives = self.sessions.touch(key, now, idle_end, network(context.network)).await?;
        self.cache.forget(key);
        Ok(lives)
    }

    async fn by_remembered(
        &self,
        name: &str,
        family: Key,
        token: Key,
        context: &Context,
        now: Duration,
    ) -> Result<Found, StoreError> {
        let Some(remember) = self.config.remember else { return Ok(Found::default()) };
        let next = draw()?;
        let (user, is_newest) = match self.sessions.redeem(family, token, digest(&next), now, GRACE).await? {
            Redeemed::Fresh(user) => (user, true),
            Redeemed::Concurrent(user) => (user, false),
            Redeemed::Reused(user) => {
                self.forget_family(family).await?;
                let notice = Notice {
                    code: "session.token_reused",
                    user: Some(user.to_string()),
                    detail: "the token of a remembered device came a second time: somebody has a copy; the device \
                             and its sessions are signed out"
                        .to_owned(),
                };
                let cookies = self.cleared(context.secure);
                return Ok(Found { cookies, notices: vec![notice], ..Found::default() });
            }
            Redeemed::Unknown => return Ok(Found::default()),
        };
        let Some(owner) = self.active(user).await? else {
            self.forget_family(family).await?;
            return Ok(Found { cookies: self.cleared(context.secure), ..Found::default() });
        };
        let id = draw()?;
        let session = Session {
            proved: None,
            factors: Factors::NONE.0,
            family: Some(family),
            ..self.session(digest(&id), user, context, now)
        };
        if !self.sessions.begin(session.clone()).await? {
            // It was revoked a moment ago.
            return Ok(Found { cookies: self.cleared(context.secure), ..Found::default() });
        }
        let mut cookies: Vec<HeaderValue> = Vec::new();
        cookies.extend(Cookie::Session.set(&id, context.secure, None));
        if is_newest {
            let value = zeroize::Zeroizing::new(format!("{name}.{}", next.as_str()));
            cookies.extend(Cookie::Remembered.set(&value, context.secure, Some(remember)));
        }
        let visitor = Visitor::Person(Arc::new(person(owner, &session)));
        Ok(Found { visitor, cookies, ..Found::default() })
    }

    /// Begins a session for somebody who has proved who they are. Whatever the request presented before is dead: a
    /// session that somebody planted, another person's, the device's old family.
    ///
    /// # Errors
    /// When a store is away: nobody is signed in.
    pub async fn begin_after_proof(&self, begin: Begin<'_>) -> Result<Begun, StoreError> {
        let Begin { user, factors, remember, external, presented, context, now } = begin;
        let id = draw()?;
        let key = digest(&id);
        let mut cookies = Vec::new();
        cookies.extend(Cookie::Session.set(&id, context.secure, None));
        let before = presented.remembered.as_deref().and_then(|value| family_and_token(value));
        if let Some((family, _)) = before {
            self.forget_family(family).await?;
            cookies.push(Cookie::Remembered.clear(context.secure));
        }
        let proved = Some(now);
        let mut session =
            Session { proved, factors: factors.0, external, ..self.session(key, user, context, now) };
        if let Some(span) = self.config.remember.filter(|_| remember) {
            let (name, token) = (draw()?, draw()?);
            let family = digest(&name);
            let remembered = Remembered {
                family,
                user,
                token: digest(&token),
                began: now,
                seen: now,
                end: now.saturating_add(span),
                agent: describe(&context.agent),
            };
            self.sessions.remember(remembered).await?;
            session.family = Some(family);
            let value = zeroize::Zeroizing::new(format!("{}.{}", name.as_str(), token.as_str()));
            cookies.retain(|cookie| *cookie != Cookie::Remembered.clear(context.secure));
            cookies.extend(Cookie::Remembered.set(&value, context.secure, Some(span)));
        }
        let begun = match presented.session.as_deref().and_then(|id| digest_of_presented(id)) {
            Some(old) => {
                let rotated = self.sessions.rotate(old, session.clone(), now).await?;
                self.cache.forget(old);
                rotated || self.sessions.begin(session).await?
            }
            None => self.sessions.begin(session).await?,
        };
        if !begun {
            return Err(StoreError::Away("the device was signed out while it signed in".to_owned()));
        }
        Ok(Begun { cookies, key })
    }

    /// The person of a running session has proved once more who they are, or by one factor more: the session goes on
    /// under a new id. `None` when it has ended meanwhile, or was never this person's.
    ///
    /// # Errors
    /// When a store is away: nothing is proved.
    pub async fn prove(&self, begin: Begin<'_>) -> Result<Option<Begun>, StoreError> {
        let Begin { user, factors, external, presented, context, now, .. } = begin;
        let Some(old) = presented.session.as_deref().and_then(|id| digest_of_presented(id)) else {
            return Ok(None);
        };
        let Some(before) = self.sessions.session(old, now).await? else { return Ok(None) };
        if before.user != Some(user) {
            return Ok(None);
        }
        let id = draw()?;
        let key = digest(&id);
        let next = Session {
            key,
            seen: now,
            idle_end: now.saturating_add(self.config.idle),
            proved: Some(now),
            factors: before.factors | factors.0,
            external: external.or_else(|| before.external.clone()),
            agent: describe(&context.agent),
            network: network(context.network),
            ..before
        };
        let rotated = self.sessions.rotate(old, next, now).await?;
        self.cache.forget(old);
        if !rotated {
            return Ok(None);
        }
        Ok(Some(Begun { cookies: Cookie::Session.set(&id, context.secure, None).into_iter().collect(), key }))
    }

    /// The sign-in at a provider that a session came from.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn external(&self, key: Key, now: Duration) -> Result<Option<External>, StoreError> {
        Ok(self.sessions.session(key, now).await?.and_then(|session| session.external))
    }

    /// Signs out: the session that is presented, and the remembered device. Gives `Set-Cookie` that takes both away.
    ///
    /// # Errors
    /// When a store is away: the session may still hold.
    pub async fn end(
        &self,
        presented: &Presented,
        context: &Context,
        now: Duration,
    ) -> Result<Vec<HeaderValue>, StoreError> {
        if let Some(key) = presented.session.as_deref().and_then(|id| digest_of_presented(id)) {
            self.end_by_key(key, now).await?;
        }
        if let Some((family, _)) = presented.remembered.as_deref().and_then(|value| family_and_token(value)) {
            self.forget_family(family).await?;
        }
        Ok(self.cleared(context.secure))
    }

    /// Ends the session that is stored under this key, and the device that it came from.
    ///
    /// # Errors
    /// When the store is away: it may still hold.
    pub async fn end_by_key(&self, key: Key, now: Duration) -> Result<(), StoreError> {
        let family = self.sessions.session(key, now).await?.and_then(|session| session.family);
        self.end_key(key).await?;
        match family {
            Some(family) => self.forget_family(family).await,
            None => Ok(()),
        }
    }

    /// `Set-Cookie` that takes a session and a remembered device out of the browser.
    #[must_use]
    pub fn cleared(&self, secure: bool) -> Vec<HeaderValue> {
        vec![Cookie::Session.clear(secure), Cookie::Remembered.clear(secure)]
    }

    /// Ends all of a user's sessions and remembered devices but the session `keep`, as after a change of the password
    /// or of a factor. Gives how many sessions ended.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn end_all(&self, user: UserId, keep: Option<Key>) -> Result<usize, StoreError> {
        let ended = self.sessions.end_all(user, keep).await?;
        self.cache.forget_user(user);
        Ok(ended.len())
    }

    /// Where a user is signed in.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn devices(
        &self,
        user: UserId,
        current: Option<Key>,
        now: Duration,
    ) -> Result<Vec<Device>, StoreError> {
        let sessions = self.sessions.sessions_of(user, now).await?;
        let remembered = self.sessions.remembered_by(user, now).await?;
        Ok(devices(sessions, remembered, current))
    }

    /// Signs a user out of one of their devices, by its id; `false` when there is none.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn end_device(&self, user: UserId, id: &str, now: Duration) -> Result<bool, StoreError> {
        let list = self.devices(user, None, now).await?;
        let Some(device) = list.into_iter().find(|device| device.id == id) else { return Ok(false) };
        if let Some(family) = device.family {
            self.forget_family(family).await?;
        }
        if let Some(key) = device.session {
            self.end_key(key).await?;
        }
        Ok(true)
    }

    /// Something about a user has changed, as their roles or whether they may sign in: what is remembered of their
    /// sessions is read anew.
    pub fn changed(&self, user: UserId) {
        self.cache.forget_user(user);
    }

    /// Removes what has ended from the stores, of sessions and of people; gives how much. To be called now and then.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn sweep(&self, now: Duration) -> Result<u64, StoreError> {
        const MOST: u32 = 10_000;
        let ended = self.sessions.sweep(now, MOST).await?;
        Ok(ended.saturating_add(self.people.sweep_people(now, MOST).await?))
    }

    async fn active(&self, user: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.people.user(user).await?.filter(|user| user.standing == Standing::Active))
    }

    async fn end_key(&self, key: Key) -> Result<(), StoreError> {
        self.sessions.end(key).await?;
        self.cache.forget(key);
        Ok(())
    }

    async fn forget_family(&self, family: Key) -> Result<(), StoreError> {
        for key in self.sessions.forget(family).await? {
            self.cache.forget(key);
        }
        Ok(())
    }

    fn session(&self, key: Key, user: UserId, context: &Context, now: Duration) -> Session {
        Session {
            key,
            user: Some(user),
            began: now,
            seen: now,
            idle_end: now.saturating_add(self.config.idle),
            end: now.saturating_add(self.config.absolute),
            proved: None,
            factors: Factors::NONE.0,
            family: None,
            agent: describe(&context.agent),
            network: network(context.network),
            external: None,
        }
    }
}

fn person(user: User, session: &Session) -> Person {
    Person {
        id: user.id.to_string(),
        email: user.email,
        name: user.name,
        roles: user.roles,
        proved: session.proved,
        factors: Factors(session.factors),
        by: By::Session { key: session.key.0 },
    }
}

/// A word for the log when network and browser are others than before, both at once.
fn moved(session: &Session, user: &User, context: &Context) -> Vec<Notice> {
    let (agent, network) = (describe(&context.agent), network(context.network));
    if agent == session.agent || network == session.network {
        return Vec::new();
    }
    let detail = format!(
        "a session of `{}` in `{}` goes on as `{agent}` in `{network}`: somebody may have copied its cookie",
        session.agent, session.network
    );
    vec![Notice { code: "session.moved", user: Some(user.id.to_string()), detail }]
}
