//! Accounts that wait for their owners: invited, or never confirmed.

use super::tests::{GOOD, NOW, secret, visit, world, world_with};
use super::throttle::Limits;
use super::*;

#[tokio::test]
async fn an_invitation_lasts_a_week_works_once_in_two_hands_and_is_renewed_by_another() {
    let world = world_with(|settings| settings.sign_up = SignUp::Invited, Limits::default());
    let people = world.accounts.people.clone();
    let email = || Email::parse("ada@example.org").unwrap();
    let invite = async |role: &str, now| {
        invite(people.as_ref(), email(), vec![role.to_owned()], now).await.unwrap().unwrap()
    };
    let week = Duration::from_secs(7 * 86_400);
    let first = invite("editor", NOW).await;
    assert!(world.accounts.invites(first.secret.as_str(), NOW + week).await.unwrap().is_none(), "over");
    let second = invite("admin", NOW + week).await;
    assert_eq!(second.user, first.user);
    assert!(world.accounts.invites(first.secret.as_str(), NOW).await.unwrap().is_none(), "the one before");
    assert_eq!(people.sweep_people(NOW + week + week, 9).await.unwrap(), 1, "the link is swept");
    assert!(people.user(first.user).await.unwrap().is_some(), "and not whom an operator invited");

    let third = invite("admin", NOW).await;
    let visit = visit();
    let accept = || world.accounts.accept(third.secret.as_str(), "Ada", secret(GOOD), &visit);
    let (one, other) = tokio::join!(accept(), accept());
    let accepted = [one.unwrap().outcome, other.unwrap().outcome];
    let signed_in = |accepted: &&Accepted| matches!(accepted, Accepted::SignedIn(_));
    assert_eq!(accepted.iter().filter(signed_in).count(), 1, "{accepted:?}");
    assert_eq!(people.user(third.user).await.unwrap().unwrap().roles, ["admin", "editor"]);
    assert!(invite_again(&people).await.is_err(), "there is an account now");
}

async fn invite_again(people: &Arc<dyn People>) -> Result<Invitation, portcullis_store::Taken> {
    invite(people.as_ref(), Email::parse("ada@example.org").unwrap(), Vec::new(), NOW).await.unwrap()
}

#[tokio::test]
async fn whoever_signed_up_and_never_confirmed_ends_by_itself_unless_an_operator_invites_them() {
    let world = world();
    for email in ["ada@example.org", "eve@example.org"] {
        let _ = world.accounts.sign_up(email, "", secret(GOOD), &visit()).await.unwrap();
    }
    world.letters(2).await;
    let people = world.accounts.people.clone();
    let find = async |email: &str| people.user_by_email(email.to_owned()).await.unwrap();
    let invited = invite_again(&people).await.unwrap();
    assert_eq!(find("ada@example.org").await.unwrap().id, invited.user);
    let later = NOW + Duration::from_secs(7 * 86_400);
    while people.sweep_people(later, 9).await.unwrap() > 0 {}
    assert!(find("ada@example.org").await.is_some());
    assert!(find("eve@example.org").await.is_none());
}

/// A service of breached passwords that is not there.
fn no_service() -> Ranges {
    Ranges::new("http://127.0.0.1:1/", Arc::new(crate::testing::fetches(true)))
}

#[tokio::test]
async fn while_the_list_of_breached_passwords_is_away_what_is_here_judges_and_the_log_is_told() {
    let mut world = world();
    world.accounts.ranges = Some(no_service());
    let told =
        world.accounts.sign_up("ada@example.org", "", secret("password1234567"), &visit()).await.unwrap();
    assert!(matches!(told.outcome, SignedUp::Weak(_)), "the lists that are here still hold");
    let told = world.accounts.sign_up("ada@example.org", "", secret(GOOD), &visit()).await.unwrap();
    assert!(matches!(told.outcome, SignedUp::Written(_)));
    let away = told.notices.iter().find(|notice| notice.code == "account.breached_list_away").unwrap();
    assert!(away.detail.contains("127.0.0.1:1") && !away.detail.contains(GOOD), "{}", away.detail);
}
