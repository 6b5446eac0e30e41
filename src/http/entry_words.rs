//! What the pages of invites and passwords say, in each language that they speak.
//!
//! Names stand in braces where a sentence has them; what fills them is escaped by the page.

use crate::domain::language::Language;
use crate::domain::password::Weak;

/// A heading, and what somebody can do.
pub type Said = (&'static str, &'static str);

/// The words of the pages on which people come in with an invite or a password.
#[derive(Debug)]
pub struct EntryWords {
    /// The title of an invite, with `{organization}`.
    pub join: &'static str,
    /// With `{inviter}`, `{email}` and `{organization}`.
    pub invited_by: &'static str,
    /// With `{email}` and `{organization}`.
    pub invited: &'static str,
    /// Above the roles.
    pub will_have: &'static str,
    /// The button of a connection, with `{name}`.
    pub continue_with: &'static str,
    /// Above the only way.
    pub set_a_password: &'static str,
    /// Above another way.
    pub or_set_a_password: &'static str,
    /// The label of a new password.
    pub new_password: &'static str,
    /// The button of an invite.
    pub set_and_join: &'static str,
    /// No way is open to her, with `{inviter}`.
    pub no_way: &'static str,
    /// Who is asked where nobody is named.
    pub your_administrator: &'static str,
    /// The invite was used.
    pub invite_used: Said,
    /// The invite ran out.
    pub invite_expired: Said,
    /// There is no such invite.
    pub invite_unknown: Said,
    /// The title of the sign-in.
    pub sign_in_with_password: &'static str,
    /// The label of the login.
    pub login: &'static str,
    /// The label of the password.
    pub password: &'static str,
    /// The label of a code that not everybody has.
    pub code_if_any: &'static str,
    /// The label of the organization.
    pub organization_if_several: &'static str,
    /// The link to the next page.
    pub forgot: &'static str,
    /// Login or password is wrong.
    pub wrong: &'static str,
    /// The title of the page of a forgotten password.
    pub forgotten: &'static str,
    /// What was done, whoever asks.
    pub link_sent: &'static str,
    /// The button that sends.
    pub send_link: &'static str,
    /// The link back.
    pub back: &'static str,
    /// The title of the page of a new password.
    pub choose: &'static str,
    /// It is done.
    pub is_set: &'static str,
    /// How the one-time codes come to her app.
    pub codes_needed: &'static str,
    /// The link that opens the app.
    pub open_app: &'static str,
    /// The label of a code.
    pub code: &'static str,
    /// The button.
    pub set_password: &'static str,
    /// Why a password is not taken: short, long, common, her own address.
    pub weak: [&'static str; 4],
}

impl EntryWords {
    /// Why a password is not taken.
    #[must_use]
    pub const fn weak(&self, weak: Weak) -> &'static str {
        let [short, long, common, own] = self.weak;
        match weak {
            Weak::Short => short,
            Weak::Long => long,
            Weak::Common => common,
            Weak::Own => own,
        }
    }
}

/// A sentence with names in it: each is put in once, and nothing in a name is read as a sentence.
#[must_use]
pub fn fill(sentence: &str, names: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        let (key, after) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(names.iter().find(|(name, _)| *name == key).map_or("", |(_, value)| value));
        rest = after;
    }
    out.push_str(rest);
    out
}

const ENGLISH: EntryWords = EntryWords {
    join: "Join {organization}",
    invited_by: "{inviter} invites you, {email}, to join {organization}.",
    invited: "You, {email}, are invited to join {organization}.",
    will_have: "What you will have",
    continue_with: "Continue with {name}",
    set_a_password: "Set a password",
    or_set_a_password: "Or set a password",
    new_password: "New password, at least 12 characters",
    set_and_join: "Set password and join",
    no_way: "No way to sign in is set up for you yet. Ask {inviter}, and open this link again.",
    your_administrator: "your administrator",
    invite_used: (
        "This invite was used already",
        "If it was you, sign in. If not, ask whoever invited you.",
    ),
    invite_expired: (
        "This invite has run out",
        "Ask whoever invited you to send it again: you get a new link.",
    ),
    invite_unknown: (
        "There is no such invite",
        "Open the link of the newest mail, or ask whoever invited you.",
    ),
    sign_in_with_password: "Sign in with a password",
    login: "Login",
    password: "Password",
    code_if_any: "One-time code, if you have one",
    organization_if_several: "Short name of your organization, if you belong to several",
    forgot: "Forgot your password?",
    wrong: "Login or password is wrong. If you belong to several organizations, give the short \
            name of one; if a one-time code is asked of you, give that too.",
    forgotten: "Forgotten password",
    link_sent: "If an account with a password has this login, a mail with a link is on its way. \
                The link holds for an hour.",
    send_link: "Send a link",
    back: "Back to sign-in",
    choose: "Choose a password",
    is_set: "Your password is set, and every other session of yours has ended.",
    codes_needed: "This account needs one-time codes. Add it to your app by this key, then enter \
                   the code that the app shows:",
    open_app: "Open it in the app on this device",
    code: "One-time code",
    set_password: "Set password",
    weak: [
        "A password has at least 12 characters.",
        "A password has at most 128 characters.",
        "This password is among the most common ones: choose another.",
        "A password is not made of your e-mail address.",
    ],
};

const FRENCH: EntryWords = EntryWords {
    join: "Rejoindre {organization}",
    invited_by: "{inviter} vous invite, {email}, à rejoindre {organization}.",
    invited: "Vous êtes invité(e), {email}, à rejoindre {organization}.",
    will_have: "Ce que vous aurez",
    continue_with: "Continuer avec {name}",
    set_a_password: "Définir un mot de passe",
    or_set_a_password: "Ou définir un mot de passe",
    new_password: "Nouveau mot de passe, au moins 12 caractères",
    set_and_join: "Définir le mot de passe et rejoindre",
    no_way: "Aucun moyen de connexion n’est encore prévu pour vous. Adressez-vous à {inviter}, \
             puis rouvrez ce lien.",
    your_administrator: "votre administrateur",
    invite_used: (
        "Cette invitation a déjà servi",
        "Si c’était vous, connectez-vous. Sinon, adressez-vous à la personne qui vous a invité(e).",
    ),
    invite_expired: (
        "Cette invitation a expiré",
        "Demandez à la personne qui vous a invité(e) de la renvoyer : vous aurez un nouveau lien.",
    ),
    invite_unknown: (
        "Cette invitation n’existe pas",
        "Ouvrez le lien du message le plus récent, ou adressez-vous à la personne qui vous a \
         invité(e).",
    ),
    sign_in_with_password: "Se connecter avec un mot de passe",
    login: "Identifiant",
    password: "Mot de passe",
    code_if_any: "Code à usage unique, si vous en avez un",
    organization_if_several: "Nom court de votre organisation, si vous en avez plusieurs",
    forgot: "Mot de passe oublié ?",
    wrong: "L’identifiant ou le mot de passe est faux. Si vous appartenez à plusieurs \
            organisations, indiquez le nom court de l’une d’elles ; si un code à usage unique vous \
            est demandé, indiquez-le aussi.",
    forgotten: "Mot de passe oublié",
    link_sent: "Si un compte avec mot de passe a cet identifiant, un message avec un lien est en \
                route. Le lien est valable une heure.",
    send_link: "Envoyer un lien",
    back: "Retour à la connexion",
    choose: "Choisir un mot de passe",
    is_set: "Votre mot de passe est défini, et toutes vos autres sessions sont terminées.",
    codes_needed: "Ce compte exige des codes à usage unique. Ajoutez-le à votre application avec \
                   cette clé, puis saisissez le code affiché :",
    open_app: "L’ouvrir dans l’application de cet appareil",
    code: "Code à usage unique",
    set_password: "Définir le mot de passe",
    weak: [
        "Un mot de passe a au moins 12 caractères.",
        "Un mot de passe a au plus 128 caractères.",
        "Ce mot de passe est parmi les plus courants : choisissez-en un autre.",
        "Un mot de passe n’est pas fait de votre adresse e-mail.",
    ],
};

const GERMAN: EntryWords = EntryWords {
    join: "{organization} beitreten",
    invited_by: "{inviter} lädt Sie, {email}, zu {organization} ein.",
    invited: "Sie, {email}, sind zu {organization} eingeladen.",
    will_have: "Was Sie bekommen",
    continue_with: "Weiter mit {name}",
    set_a_password: "Passwort festlegen",
    or_set_a_password: "Oder ein Passwort festlegen",
    new_password: "Neues Passwort, mindestens 12 Zeichen",
    set_and_join: "Passwort festlegen und beitreten",
    no_way: "Für Sie ist noch kein Weg zur Anmeldung eingerichtet. Fragen Sie {inviter}, und \
             öffnen Sie diesen Link dann wieder.",
    your_administrator: "Ihre Administration",
    invite_used: (
        "Diese Einladung wurde schon benutzt",
        "Wenn Sie das waren, melden Sie sich an. Sonst fragen Sie, wer Sie eingeladen hat.",
    ),
    invite_expired: (
        "Diese Einladung ist abgelaufen",
        "Bitten Sie, wer Sie eingeladen hat, sie neu zu senden: Sie bekommen einen neuen Link.",
    ),
    invite_unknown: (
        "Diese Einladung gibt es nicht",
        "Öffnen Sie den Link der neuesten Nachricht, oder fragen Sie, wer Sie eingeladen hat.",
    ),
    sign_in_with_password: "Mit Passwort anmelden",
    login: "Benutzername",
    password: "Passwort",
    code_if_any: "Einmalcode, falls Sie einen haben",
    organization_if_several: "Kurzname Ihrer Organisation, falls es mehrere sind",
    forgot: "Passwort vergessen?",
    wrong: "Benutzername oder Passwort ist falsch. Gehören Sie zu mehreren Organisationen, geben \
            Sie den Kurznamen einer davon an; wird ein Einmalcode verlangt, auch diesen.",
    forgotten: "Passwort vergessen",
    link_sent: "Wenn ein Konto mit Passwort diesen Benutzernamen hat, ist eine Nachricht mit einem \
                Link unterwegs. Der Link gilt eine Stunde.",
    send_link: "Link senden",
    back: "Zurück zur Anmeldung",
    choose: "Passwort wählen",
    is_set: "Ihr Passwort ist gesetzt, und alle Ihre anderen Sitzungen sind beendet.",
    codes_needed: "Dieses Konto braucht Einmalcodes. Fügen Sie es mit diesem Schlüssel Ihrer App \
                   hinzu, und geben Sie dann den Code ein, den sie zeigt:",
    open_app: "In der App auf diesem Gerät öffnen",
    code: "Einmalcode",
    set_password: "Passwort setzen",
    weak: [
        "Ein Passwort hat mindestens 12 Zeichen.",
        "Ein Passwort hat höchstens 128 Zeichen.",
        "Dieses Passwort gehört zu den häufigsten: Wählen Sie ein anderes.",
        "Ein Passwort besteht nicht aus Ihrer E-Mail-Adresse.",
    ],
};

const SPANISH: EntryWords = EntryWords {
    join: "Unirse a {organization}",
    invited_by: "{inviter} le invita, {email}, a unirse a {organization}.",
    invited: "Ha recibido, {email}, una invitación para unirse a {organization}.",
    will_have: "Lo que tendrá",
    continue_with: "Continuar con {name}",
    set_a_password: "Crear una contraseña",
    or_set_a_password: "O crear una contraseña",
    new_password: "Nueva contraseña, al menos 12 caracteres",
    set_and_join: "Crear contraseña y unirse",
    no_way: "Aún no hay ninguna forma de entrar preparada para usted. Consulte a {inviter} y \
             vuelva a abrir este enlace.",
    your_administrator: "su administrador",
    invite_used: (
        "Esta invitación ya se ha usado",
        "Si fue usted, inicie sesión. Si no, consulte a quien le invitó.",
    ),
    invite_expired: (
        "Esta invitación ha caducado",
        "Pida a quien le invitó que la envíe de nuevo: recibirá un enlace nuevo.",
    ),
    invite_unknown: (
        "Esta invitación no existe",
        "Abra el enlace del mensaje más reciente o consulte a quien le invitó.",
    ),
    sign_in_with_password: "Entrar con contraseña",
    login: "Nombre de usuario",
    password: "Contraseña",
    code_if_any: "Código de un solo uso, si tiene uno",
    organization_if_several: "Nombre corto de su organización, si pertenece a varias",
    forgot: "¿Ha olvidado su contraseña?",
    wrong: "El nombre de usuario o la contraseña no son correctos. Si pertenece a varias \
            organizaciones, indique el nombre corto de una; si se le pide un código de un solo \
            uso, indíquelo también.",
    forgotten: "Contraseña olvidada",
    link_sent: "Si una cuenta con contraseña tiene este nombre de usuario, un mensaje con un \
                enlace está en camino. El enlace vale una hora.",
    send_link: "Enviar un enlace",
    back: "Volver a la entrada",
    choose: "Elegir una contraseña",
    is_set: "Su contraseña está guardada y todas sus demás sesiones han terminado.",
    codes_needed: "Esta cuenta necesita códigos de un solo uso. Añádala a su aplicación con esta \
                   clave y escriba el código que muestre:",
    open_app: "Abrirla en la aplicación de este dispositivo",
    code: "Código de un solo uso",
    set_password: "Guardar contraseña",
    weak: [
        "Una contraseña tiene al menos 12 caracteres.",
        "Una contraseña tiene como máximo 128 caracteres.",
        "Esta contraseña es de las más comunes: elija otra.",
        "Una contraseña no se hace con su correo electrónico.",
    ],
};

/// The words of a language.
#[must_use]
pub const fn entry_words(language: Language) -> &'static EntryWords {
    match language {
        Language::En => &ENGLISH,
        Language::Fr => &FRENCH,
        Language::De => &GERMAN,
        Language::Es => &SPANISH,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::password::{LENGTH_MAX, LENGTH_MIN};

    /// Every sentence of a language, in one order.
    fn sentences(language: Language) -> Vec<String> {
        let text = format!("{:?}", entry_words(language));
        text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn no_sentence_is_missing_in_any_language() {
        let all = Language::ALL.map(sentences);
        let count = all[0].len();
        assert!(count > 35, "{count}");
        for (at, english) in all[0].iter().enumerate() {
            let said: BTreeSet<&str> = all.iter().map(|own| own[at].as_str()).collect();
            assert_eq!(said.len(), 4, "{english}");
            let names = |text: &str| -> BTreeSet<String> {
                let parts = text.split('{').skip(1);
                parts.filter_map(|part| part.split('}').next()).map(str::to_owned).collect()
            };
            for own in &all {
                assert_eq!(own.len(), count);
                assert_eq!(names(&own[at]), names(english), "{}", own[at]);
            }
        }
    }

    #[test]
    fn the_limits_of_passwords_are_told_as_they_are() {
        for language in Language::ALL {
            let own = entry_words(language);
            assert!(own.weak(Weak::Short).contains(&LENGTH_MIN.to_string()));
            assert!(own.weak(Weak::Long).contains(&LENGTH_MAX.to_string()));
            assert!(own.new_password.contains(&LENGTH_MIN.to_string()));
        }
    }

    #[test]
    fn a_name_is_put_in_once_and_never_read_as_a_sentence() {
        let names = [("inviter", "{email}"), ("email", "a@b.c"), ("organization", "Acme}")];
        let said = fill("{inviter} invites {email} to {organization}.{gone}", &names);
        assert_eq!(said, "{email} invites a@b.c to Acme}.");
    }
}
