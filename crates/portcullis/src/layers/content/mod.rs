//! content: did the user mean to send this, and is it fit for the app.

pub mod csrf;
pub mod gate;
