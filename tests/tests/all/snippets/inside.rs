use axum::{Router, routing::get};
use portcullis_tower::extract::{FreshUser, OptionalUser, RequireRole, Role, User};

struct Admin;
impl Role for Admin {
    const NAME: &'static str = "admin";
}

async fn mine(User(person): User) -> String { person.name.clone() }                    // 401 without
async fn home(OptionalUser(person): OptionalUser) -> String { person.map_or("nobody".into(), |it| it.id.clone()) }
async fn remove(FreshUser(person): FreshUser<300>) -> String { person.id.clone() }     // not 5 min ago: 401
async fn panel(_: RequireRole<Admin>) -> &'static str { "admins" }                     // 403 without the role

fn app() -> Router {
    Router::new().route("/", get(home)).route("/mine", get(mine)).route("/remove", get(remove)).route("/panel", get(panel))
}
