//! A question of the engine in Cedar's terms.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use cedar_policy::{Context, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression};
use percent_encoding::percent_decode_str;
use portcullis::layers::caller::access::Asked;
use portcullis::layers::caller::session::{By, Person};
use portcullis::layers::record::event::rfc3339;

use crate::load::SITE;

/// The types of the schema, read once.
#[derive(Debug, Clone)]
pub(crate) struct Types {
    role: EntityTypeName,
    user: EntityTypeName,
    guest: EntityTypeName,
    route: EntityTypeName,
    query: EntityTypeName,
    action: EntityTypeName,
}

impl Types {
    pub(crate) fn new() -> Result<Self, String> {
        let named = |name: &str| name.parse().map_err(|error| format!("`{name}` is no type: {error}"));
        Ok(Self {
            role: named("Role")?,
            user: named("User")?,
            guest: named("Guest")?,
            route: named("Route")?,
            query: named("Query")?,
            action: named("Action")?,
        })
    }
}

/// What Cedar is asked, and who and what is in it.
pub(crate) struct Question {
    pub(crate) request: Request,
    pub(crate) entities: Vec<Entity>,
}

/// Puts a question in Cedar's terms. The schema is not held against it here, which would cost more than the answer; a
/// test does so for all kinds of questions.
pub(crate) fn question(asked: &Asked<'_>, types: &Types) -> Result<Question, String> {
    let (who, mut entities) = match asked.visitor.person() {
        Some(person) => user(person, asked.now, types)?,
        None => (uid(&types.guest, "guest"), Vec::new()),
    };
    let name = asked.route.map_or_else(|| SITE.to_owned(), ToString::to_string);
    let place = uid(&types.route, &name);
    let attributes =
        [("host", text(asked.host)), ("path", text(asked.path)), ("name", text(&name))].map(owned);
    entities.push(entity(place.clone(), attributes, [], [])?);
    let query = uid(&types.query, "query");
    let values = parameters(asked.query.unwrap_or_default());
    let tags = values.into_iter().map(|(name, values)| (name, set(values)));
    entities.push(entity(query.clone(), [], [], tags)?);
    let context = Context::from_pairs(context(asked, query)?).map_err(|error| error.to_string())?;
    let action = uid(&types.action, action(asked.method.as_str()));
    let request = Request::new(who, action, place, context, None).map_err(|error| error.to_string())?;
    Ok(Question { request, entities })
}

fn user(person: &Person, now: Duration, types: &Types) -> Result<(EntityUid, Vec<Entity>), String> {
    let who = uid(&types.user, &person.id);
    let roles: HashSet<EntityUid> = person.roles.iter().map(|role| uid(&types.role, role)).collect();
    let (by, scopes): (&str, &[String]) = match &person.by {
        By::Session { .. } => ("session", &[]),
        By::ApiKey { scopes, .. } => ("key", scopes),
    };
    let mut attributes = vec![
        ("email", text(&person.email)),
        ("name", text(&person.name)),
        ("roles", set(person.roles.iter().cloned())),
        ("factors", set(person.factors.names().map(str::to_owned))),
        ("by", text(by)),
        ("scopes", set(scopes.iter().cloned())),
    ];
    let proved = person.proved.filter(|_| matches!(person.by, By::Session { .. }));
    attributes.extend(proved.map(|proved| {
        ("proved_ago", RestrictedExpression::new_long(long(now.saturating_sub(proved).as_secs())))
    }));
    let mut entities: Vec<Entity> = roles.iter().cloned().map(Entity::with_uid).collect();
    entities.push(entity(who.clone(), attributes.into_iter().map(owned), roles, [])?);
    Ok((who, entities))
}

fn context(asked: &Asked<'_>, query: EntityUid) -> Result<Vec<(String, RestrictedExpression)>, String> {
    let record = |fields: Vec<(&str, RestrictedExpression)>| {
        RestrictedExpression::new_record(fields.into_iter().map(owned)).map_err(|error| error.to_string())
    };
    // The first of January 1970 was a Thursday.
    const DAYS: [&str; 7] = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"];
    let seconds = asked.now.as_secs();
    let number = |value: u64| RestrictedExpression::new_long(long(value));
    let weekday = usize::try_from(seconds / 86_400 % 7).ok().and_then(|day| DAYS.get(day)).copied();
    let time = record(vec![
        ("weekday", text(weekday.unwrap_or_default())),
        ("hour", number(seconds / 3600 % 24)),
        ("minute", number(seconds / 60 % 60)),
    ])?;
    let mut fields = vec![
        ("method", text(asked.method.as_str())),
        ("query", RestrictedExpression::new_entity_uid(query)),
        ("now", RestrictedExpression::new_datetime(rfc3339(asked.now))),
        ("time", time),
        ("address", RestrictedExpression::new_ip(asked.address.to_canonical().to_string())),
        ("secure", RestrictedExpression::new_bool(asked.secure)),
    ];
    if let Some(tls) = asked.tls {
        let certificate = RestrictedExpression::new_bool(tls.client_certificate);
        fields.push((
            "tls",
            record(vec![("version", text(tls.version)), ("client_certificate", certificate)])?,
        ));
    }
    Ok(fields.into_iter().map(owned).collect())
}

/// The action of a method; methods are case-sensitive (RFC 9110 section 9.1).
fn action(method: &str) -> &str {
    match method {
        "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT" | "PATCH" | "DELETE" => method,
        _ => "other",
    }
}

/// Names and values of a query, as that of a form is read (WHATWG URL, `application/x-www-form-urlencoded`). A name
/// that comes several times has all its values: which of them an app takes is not known here.
fn parameters(query: &str) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        all.entry(decoded(name)).or_default().push(decoded(value));
    }
    all
}

fn decoded(part: &str) -> String {
    let spaced = part.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn entity(
    uid: EntityUid,
    attributes: impl IntoIterator<Item = (String, RestrictedExpression)>,
    parents: impl IntoIterator<Item = EntityUid>,
    tags: impl IntoIterator<Item = (String, RestrictedExpression)>,
) -> Result<Entity, String> {
    Entity::new_with_tags(uid, attributes, parents, tags).map_err(|error| error.to_string())
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn set(values: impl IntoIterator<Item = String>) -> RestrictedExpression {
    RestrictedExpression::new_set(values.into_iter().map(RestrictedExpression::new_string))
}

fn long(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn owned((name, value): (&str, RestrictedExpression)) -> (String, RestrictedExpression) {
    (name.to_owned(), value)
}
