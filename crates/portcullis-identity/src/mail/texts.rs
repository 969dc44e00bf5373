//! The words of letters. `{app}`, `{site}`, `{to}`, `{new}`, `{device}`, `{network}` and `{at}` are put in.

use portcullis::policy::identity::Language;

use super::Subject;

/// The words of one letter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    pub(super) subject: &'static str,
    pub(super) before: &'static str,
    /// What the link says; empty where there is none.
    pub(super) button: &'static str,
    pub(super) after: &'static str,
}

const fn text(
    subject: &'static str,
    before: &'static str,
    button: &'static str,
    after: &'static str,
) -> Text {
    Text { subject, before, button, after }
}

/// The line below each letter.
pub(super) const fn footer(language: Language) -> &'static str {
    match language {
        Language::En => "{app} · {site} · This letter was sent to {to}.",
        Language::De => "{app} · {site} · Diese Nachricht ging an {to}.",
        Language::Es => "{app} · {site} · Este mensaje se envió a {to}.",
        Language::Zh => "{app} · {site} · 此邮件发送至 {to}。",
    }
}

/// The words about this in that language.
pub(super) fn of(language: Language, subject: &Subject) -> Text {
    match language {
        Language::En => english(subject),
        Language::De => german(subject),
        Language::Es => spanish(subject),
        Language::Zh => chinese(subject),
    }
}

fn english(subject: &Subject) -> Text {
    match subject {
        Subject::Confirm { .. } => text(
            "{app}: confirm your address",
            "Welcome. To finish signing up for {app}, confirm that this address is yours. You will need the password \
             that you chose.",
            "Confirm your address",
            "The link works once, within 24 hours. If you did not sign up, ignore this letter: without you nothing \
             will come of it.",
        ),
        Subject::AlreadyHere => text(
            "{app}: you have an account already",
            "Somebody, perhaps you, wanted to use this address at {app}. There is an account with it already.",
            "Sign in",
            "If you forgot your password, choose a new one from the page for signing in. If it was not you, there is \
             nothing that you need to do.",
        ),
        Subject::Reset { .. } => text(
            "{app}: choose a new password",
            "Somebody, perhaps you, asked for a new password for your account at {app}.",
            "Choose a new password",
            "The link works once, within 30 minutes. If it was not you, ignore this letter: your password stays as it \
             is.",
        ),
        Subject::Magic { .. } => text(
            "{app}: your link to sign in",
            "Here is the link that you asked for to sign in to {app}.",
            "Sign in",
            "The link works once, within 10 minutes. If you did not ask for it, ignore this letter, and give the link \
             to nobody.",
        ),
        Subject::Invitation { .. } => text(
            "{app}: you are invited",
            "You are invited to {app}. To accept, choose a name and a password.",
            "Accept the invitation",
            "The link works once, within 7 days. If you don't know what this is about, ignore this letter.",
        ),
        Subject::NewEmail { .. } => text(
            "{app}: confirm your new address",
            "An account at {app} is to have this address from now on. Confirm it while you are signed in there.",
            "Confirm the new address",
            "The link works once, within 2 hours. If you know nothing of this, ignore this letter: nothing will \
             change.",
        ),
        Subject::EmailAsked { .. } => text(
            "{app}: your address is about to change",
            "Somebody who is signed in to your account at {app} asked to change its address to {new}. It changes when \
             that address is confirmed.",
            "Look at your account",
            "If it was not you, change your password now and sign out all other devices.",
        ),
        Subject::EmailChanged { .. } => text(
            "{app}: your address was changed",
            "The address of your account at {app} is now {new}. Letters will go there from now on.",
            "",
            "If it was not you, tell the people who run {app} at once.",
        ),
        Subject::PasswordChanged => text(
            "{app}: your password was changed",
            "The password of your account at {app} was changed. All other devices were signed out.",
            "It was not me",
            "If it was you, there is nothing that you need to do. If not, choose a new password at once by the link \
             above.",
        ),
        Subject::NewDevice { .. } => text(
            "{app}: a new device signed in",
            "Somebody signed in to your account at {app} from a device that was not seen there before.\n\n{device}\n\
             {network}\n{at}",
            "Look at your account",
            "If it was you, there is nothing that you need to do. If not, change your password and sign out all other \
             devices.",
        ),
        Subject::FactorsChanged => text(
            "{app}: your ways to sign in were changed",
            "Something was added to, or taken from, what you sign in to {app} with.",
            "Look at your account",
            "If it was not you, change your password and sign out all other devices.",
        ),
        Subject::Removed => text(
            "{app}: your account was removed",
            "Your account at {app} was removed, with everything that {app} needed to sign you in.",
            "",
            "If it was not you, tell the people who run {app} at once.",
        ),
    }
}

fn german(subject: &Subject) -> Text {
    match subject {
        Subject::Confirm { .. } => text(
            "{app}: Bestätigen Sie Ihre Adresse",
            "Willkommen. Um die Registrierung bei {app} abzuschließen, bestätigen Sie, dass diese Adresse Ihnen \
             gehört. Sie brauchen dazu das Passwort, das Sie gewählt haben.",
            "Adresse bestätigen",
            "Der Link gilt einmal, innerhalb von 24 Stunden. Wenn Sie sich nicht registriert haben, ignorieren Sie \
             diese Nachricht: Ohne Sie geschieht nichts.",
        ),
        Subject::AlreadyHere => text(
            "{app}: Sie haben schon ein Konto",
            "Jemand, vielleicht Sie, wollte diese Adresse bei {app} verwenden. Es gibt damit schon ein Konto.",
            "Anmelden",
            "Wenn Sie Ihr Passwort vergessen haben, wählen Sie auf der Anmeldeseite ein neues. Wenn Sie es nicht \
             waren, müssen Sie nichts tun.",
        ),
        Subject::Reset { .. } => text(
            "{app}: Wählen Sie ein neues Passwort",
            "Jemand, vielleicht Sie, hat für Ihr Konto bei {app} ein neues Passwort angefordert.",
            "Neues Passwort wählen",
            "Der Link gilt einmal, innerhalb von 30 Minuten. Wenn Sie es nicht waren, ignorieren Sie diese Nachricht: \
             Ihr Passwort bleibt, wie es ist.",
        ),
        Subject::Magic { .. } => text(
            "{app}: Ihr Link zum Anmelden",
            "Hier ist der Link zum Anmelden bei {app}, den Sie angefordert haben.",
            "Anmelden",
            "Der Link gilt einmal, innerhalb von 10 Minuten. Wenn Sie ihn nicht angefordert haben, ignorieren Sie \
             diese Nachricht und geben Sie den Link niemandem.",
        ),
        Subject::Invitation { .. } => text(
            "{app}: Sie sind eingeladen",
            "Sie sind zu {app} eingeladen. Um anzunehmen, wählen Sie einen Namen und ein Passwort.",
            "Einladung annehmen",
            "Der Link gilt einmal, innerhalb von 7 Tagen. Wenn Sie nicht wissen, worum es geht, ignorieren Sie diese \
             Nachricht.",
        ),
        Subject::NewEmail { .. } => text(
            "{app}: Bestätigen Sie Ihre neue Adresse",
            "Ein Konto bei {app} soll ab jetzt diese Adresse haben. Bestätigen Sie sie, während Sie dort angemeldet \
             sind.",
            "Neue Adresse bestätigen",
            "Der Link gilt einmal, innerhalb von 2 Stunden. Wenn Sie davon nichts wissen, ignorieren Sie diese \
             Nachricht: Es ändert sich nichts.",
        ),
        Subject::EmailAsked { .. } => text(
            "{app}: Ihre Adresse soll sich ändern",
            "Jemand, der bei Ihrem Konto bei {app} angemeldet ist, will dessen Adresse in {new} ändern. Sie ändert \
             sich, sobald jene Adresse bestätigt ist.",
            "Konto ansehen",
            "Wenn Sie es nicht waren, ändern Sie jetzt Ihr Passwort und melden Sie alle anderen Geräte ab.",
        ),
        Subject::EmailChanged { .. } => text(
            "{app}: Ihre Adresse wurde geändert",
            "Die Adresse Ihres Kontos bei {app} ist jetzt {new}. Nachrichten gehen ab jetzt dorthin.",
            "",
            "Wenn Sie es nicht waren, sagen Sie es sofort den Betreibern von {app}.",
        ),
        Subject::PasswordChanged => text(
            "{app}: Ihr Passwort wurde geändert",
            "Das Passwort Ihres Kontos bei {app} wurde geändert. Alle anderen Geräte wurden abgemeldet.",
            "Ich war es nicht",
            "Wenn Sie es waren, müssen Sie nichts tun. Wenn nicht, wählen Sie sofort über den Link ein neues \
             Passwort.",
        ),
        Subject::NewDevice { .. } => text(
            "{app}: Anmeldung von einem neuen Gerät",
            "Bei Ihrem Konto bei {app} hat sich ein Gerät angemeldet, das dort noch nicht bekannt war.\n\n{device}\n\
             {network}\n{at}",
            "Konto ansehen",
            "Wenn Sie es waren, müssen Sie nichts tun. Wenn nicht, ändern Sie Ihr Passwort und melden Sie alle \
             anderen Geräte ab.",
        ),
        Subject::FactorsChanged => text(
            "{app}: Ihre Anmeldung wurde geändert",
            "Bei dem, womit Sie sich bei {app} anmelden, wurde etwas hinzugefügt oder entfernt.",
            "Konto ansehen",
            "Wenn Sie es nicht waren, ändern Sie Ihr Passwort und melden Sie alle anderen Geräte ab.",
        ),
        Subject::Removed => text(
            "{app}: Ihr Konto wurde gelöscht",
            "Ihr Konto bei {app} wurde gelöscht, mit allem, was {app} für Ihre Anmeldung brauchte.",
            "",
            "Wenn Sie es nicht waren, sagen Sie es sofort den Betreibern von {app}.",
        ),
    }
}

fn spanish(subject: &Subject) -> Text {
    match subject {
        Subject::Confirm { .. } => text(
            "{app}: confirme su dirección",
            "Le damos la bienvenida. Para terminar el registro en {app}, confirme que esta dirección es suya. \
             Necesitará la contraseña que eligió.",
            "Confirmar la dirección",
            "El enlace funciona una sola vez, durante 24 horas. Si no se registró, ignore este mensaje: sin usted no \
             pasará nada.",
        ),
        Subject::AlreadyHere => text(
            "{app}: ya tiene una cuenta",
            "Alguien, quizá usted, quiso usar esta dirección en {app}. Ya existe una cuenta con ella.",
            "Iniciar sesión",
            "Si olvidó su contraseña, elija una nueva desde la página de inicio de sesión. Si no fue usted, no tiene \
             que hacer nada.",
        ),
        Subject::Reset { .. } => text(
            "{app}: elija una contraseña nueva",
            "Alguien, quizá usted, pidió una contraseña nueva para su cuenta en {app}.",
            "Elegir una contraseña nueva",
            "El enlace funciona una sola vez, durante 30 minutos. Si no fue usted, ignore este mensaje: su contraseña \
             seguirá igual.",
        ),
        Subject::Magic { .. } => text(
            "{app}: su enlace para iniciar sesión",
            "Este es el enlace que pidió para iniciar sesión en {app}.",
            "Iniciar sesión",
            "El enlace funciona una sola vez, durante 10 minutos. Si no lo pidió, ignore este mensaje y no dé el \
             enlace a nadie.",
        ),
        Subject::Invitation { .. } => text(
            "{app}: tiene una invitación",
            "Tiene una invitación para {app}. Para aceptarla, elija un nombre y una contraseña.",
            "Aceptar la invitación",
            "El enlace funciona una sola vez, durante 7 días. Si no sabe de qué se trata, ignore este mensaje.",
        ),
        Subject::NewEmail { .. } => text(
            "{app}: confirme su dirección nueva",
            "Una cuenta en {app} va a tener esta dirección. Confírmela con la sesión iniciada.",
            "Confirmar la dirección nueva",
            "El enlace funciona una sola vez, durante 2 horas. Si no sabe nada de esto, ignore este mensaje: nada \
             cambiará.",
        ),
        Subject::EmailAsked { .. } => text(
            "{app}: su dirección va a cambiar",
            "Alguien con la sesión iniciada en su cuenta de {app} pidió cambiar la dirección a {new}. Cambiará cuando \
             esa dirección se confirme.",
            "Ver la cuenta",
            "Si no fue usted, cambie ahora su contraseña y cierre la sesión en todos los demás dispositivos.",
        ),
        Subject::EmailChanged { .. } => text(
            "{app}: su dirección ha cambiado",
            "La dirección de su cuenta en {app} es ahora {new}. A partir de ahora los mensajes irán allí.",
            "",
            "Si no fue usted, avise enseguida a los responsables de {app}.",
        ),
        Subject::PasswordChanged => text(
            "{app}: su contraseña ha cambiado",
            "La contraseña de su cuenta en {app} ha cambiado. Se cerró la sesión en todos los demás dispositivos.",
            "No fui yo",
            "Si fue usted, no tiene que hacer nada. Si no, elija enseguida una contraseña nueva con el enlace.",
        ),
        Subject::NewDevice { .. } => text(
            "{app}: inicio de sesión desde un dispositivo nuevo",
            "Alguien inició sesión en su cuenta de {app} desde un dispositivo que no se conocía.\n\n{device}\n\
             {network}\n{at}",
            "Ver la cuenta",
            "Si fue usted, no tiene que hacer nada. Si no, cambie su contraseña y cierre la sesión en todos los demás \
             dispositivos.",
        ),
        Subject::FactorsChanged => text(
            "{app}: ha cambiado su forma de iniciar sesión",
            "Se añadió o se quitó algo de lo que usa para iniciar sesión en {app}.",
            "Ver la cuenta",
            "Si no fue usted, cambie su contraseña y cierre la sesión en todos los demás dispositivos.",
        ),
        Subject::Removed => text(
            "{app}: su cuenta se ha eliminado",
            "Su cuenta en {app} se ha eliminado, con todo lo que {app} necesitaba para su inicio de sesión.",
            "",
            "Si no fue usted, avise enseguida a los responsables de {app}.",
        ),
    }
}

fn chinese(subject: &Subject) -> Text {
    match subject {
        Subject::Confirm { .. } => text(
            "{app}：请确认您的邮箱",
            "欢迎。要完成在 {app} 的注册，请确认此邮箱属于您。确认时需要您设定的密码。",
            "确认邮箱",
            "此链接在 24 小时内有效，且只能使用一次。如果您没有注册，请忽略此邮件，不会有任何变化。",
        ),
        Subject::AlreadyHere => text(
            "{app}：您已有账户",
            "有人（可能是您）想在 {app} 使用此邮箱，但它已对应一个账户。",
            "登录",
            "如果忘记了密码，可在登录页面设置新密码。如果不是您本人操作，则无需处理。",
        ),
        Subject::Reset { .. } => text(
            "{app}：设置新密码",
            "有人（可能是您）请求为您在 {app} 的账户设置新密码。",
            "设置新密码",
            "此链接在 30 分钟内有效，且只能使用一次。如果不是您本人操作，请忽略此邮件，密码不会改变。",
        ),
        Subject::Magic { .. } => text(
            "{app}：您的登录链接",
            "这是您请求的 {app} 登录链接。",
            "登录",
            "此链接在 10 分钟内有效，且只能使用一次。如果您没有请求，请忽略此邮件，并且不要把链接交给任何人。",
        ),
        Subject::Invitation { .. } => text(
            "{app}：您收到了邀请",
            "您受邀使用 {app}。要接受邀请，请设定姓名和密码。",
            "接受邀请",
            "此链接在 7 天内有效，且只能使用一次。如果您不清楚这是什么，请忽略此邮件。",
        ),
        Subject::NewEmail { .. } => text(
            "{app}：请确认您的新邮箱",
            "{app} 的一个账户将改用此邮箱。请在登录状态下确认。",
            "确认新邮箱",
            "此链接在 2 小时内有效，且只能使用一次。如果您对此不知情，请忽略此邮件，不会有任何变化。",
        ),
        Subject::EmailAsked { .. } => text(
            "{app}：您的邮箱即将更改",
            "有人在登录您的 {app} 账户后，请求将邮箱改为 {new}。该邮箱确认后更改才会生效。",
            "查看账户",
            "如果不是您本人操作，请立即更改密码并退出所有其他设备。",
        ),
        Subject::EmailChanged { .. } => text(
            "{app}：您的邮箱已更改",
            "您在 {app} 的账户邮箱现为 {new}。今后的邮件将发送到该邮箱。",
            "",
            "如果不是您本人操作，请立即联系 {app} 的管理者。",
        ),
        Subject::PasswordChanged => text(
            "{app}：您的密码已更改",
            "您在 {app} 的账户密码已更改，所有其他设备均已退出登录。",
            "不是我操作的",
            "如果是您本人操作，则无需处理。否则请立即通过上面的链接设置新密码。",
        ),
        Subject::NewDevice { .. } => text(
            "{app}：新设备登录",
            "有一台未曾见过的设备登录了您的 {app} 账户。\n\n{device}\n{network}\n{at}",
            "查看账户",
            "如果是您本人操作，则无需处理。否则请更改密码并退出所有其他设备。",
        ),
        Subject::FactorsChanged => text(
            "{app}：您的登录方式已更改",
            "您登录 {app} 所用的方式有所增减。",
            "查看账户",
            "如果不是您本人操作，请更改密码并退出所有其他设备。",
        ),
        Subject::Removed => text(
            "{app}：您的账户已删除",
            "您在 {app} 的账户以及 {app} 用于登录的全部信息均已删除。",
            "",
            "如果不是您本人操作，请立即联系 {app} 的管理者。",
        ),
    }
}
