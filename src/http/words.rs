//! What the pages for people say, in each language that they speak.
//!
//! Programs get English and codes. A page names its language, so that readers aloud speak it right.

use crate::domain::language::Language;

/// The words of the pages of signing in and out.
#[derive(Debug)]
pub struct Words {
    /// The tag of the language.
    pub lang: &'static str,
    /// The title and button of signing in.
    pub sign_in: &'static str,
    /// The label of the address.
    pub work_email: &'static str,
    /// The label of the organization.
    pub organization: &'static str,
    /// The button that goes on.
    pub go_on: &'static str,
    /// Before a list of connections.
    pub choose: &'static str,
    /// No connection was found, whatever the reason.
    pub not_found: &'static str,
    /// The title after signing out.
    pub signed_out: &'static str,
    /// What it means.
    pub session_over: &'static str,
    /// The provider's answer to signing out is not ours.
    pub not_our_logout: &'static str,
    /// The button to sign in again.
    pub sign_in_again: &'static str,
    /// The title of a refusal.
    pub refused: &'static str,
    /// The button to start again.
    pub start_again: &'static str,
    /// Above what an administrator needs.
    pub for_administrator: &'static str,
    /// The label of a code.
    pub code: &'static str,
    /// The label of a request's id.
    pub request: &'static str,
    /// Above the links to other languages.
    pub languages: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    sign_in: "Sign in",
    work_email: "Work e-mail",
    organization: "or the short name of your organization",
    go_on: "Continue",
    choose: "Choose how to sign in:",
    not_found: "No sign-in is set up for this. Check what you entered, or ask your administrator \
                for the link to sign in.",
    signed_out: "You are signed out",
    session_over: "Your session here is over. Your identity provider may still know you.",
    not_our_logout: "Your session here is over. The answer of your identity provider could not be \
                     verified, so you may still be signed in there.",
    sign_in_again: "Sign in again",
    refused: "You could not be signed in",
    start_again: "Start again",
    for_administrator: "For your administrator",
    code: "Code",
    request: "Request",
    languages: "Language",
};

const FRENCH: Words = Words {
    lang: "fr",
    sign_in: "Se connecter",
    work_email: "Adresse e-mail professionnelle",
    organization: "ou le nom court de votre organisation",
    go_on: "Continuer",
    choose: "Choisissez comment vous connecter :",
    not_found: "Aucune connexion n’est configurée pour cette saisie. Vérifiez-la, ou demandez le \
                lien de connexion à votre administrateur.",
    signed_out: "Vous êtes déconnecté",
    session_over: "Votre session ici est terminée. Votre fournisseur d’identité peut encore vous \
                   reconnaître.",
    not_our_logout: "Votre session ici est terminée. La réponse de votre fournisseur d’identité \
                     n’a pas pu être vérifiée : vous y êtes peut-être encore connecté.",
    sign_in_again: "Se reconnecter",
    refused: "La connexion a échoué",
    start_again: "Recommencer",
    for_administrator: "Pour votre administrateur",
    code: "Code",
    request: "Requête",
    languages: "Langue",
};

const GERMAN: Words = Words {
    lang: "de",
    sign_in: "Anmelden",
    work_email: "Geschäftliche E-Mail-Adresse",
    organization: "oder der Kurzname Ihrer Organisation",
    go_on: "Weiter",
    choose: "Wählen Sie, wie Sie sich anmelden:",
    not_found: "Dafür ist keine Anmeldung eingerichtet. Prüfen Sie Ihre Eingabe, oder fragen Sie \
                Ihre Administration nach dem Link zur Anmeldung.",
    signed_out: "Sie sind abgemeldet",
    session_over: "Ihre Sitzung hier ist beendet. Ihr Identitätsanbieter kennt Sie vielleicht noch.",
    not_our_logout: "Ihre Sitzung hier ist beendet. Die Antwort Ihres Identitätsanbieters ließ sich \
                     nicht prüfen; vielleicht sind Sie dort noch angemeldet.",
    sign_in_again: "Wieder anmelden",
    refused: "Die Anmeldung ist nicht gelungen",
    start_again: "Neu beginnen",
    for_administrator: "Für Ihre Administration",
    code: "Code",
    request: "Anfrage",
    languages: "Sprache",
};

const SPANISH: Words = Words {
    lang: "es",
    sign_in: "Iniciar sesión",
    work_email: "Correo electrónico del trabajo",
    organization: "o el nombre corto de su organización",
    go_on: "Continuar",
    choose: "Elija cómo iniciar sesión:",
    not_found: "No hay ningún inicio de sesión configurado para esto. Compruebe lo que ha escrito o \
                pida el enlace a su administrador.",
    signed_out: "Ha cerrado la sesión",
    session_over: "Su sesión aquí ha terminado. Es posible que su proveedor de identidad aún le \
                   reconozca.",
    not_our_logout: "Su sesión aquí ha terminado. No se pudo verificar la respuesta de su proveedor \
                     de identidad; puede que allí la sesión siga abierta.",
    sign_in_again: "Volver a iniciar sesión",
    refused: "No se pudo iniciar la sesión",
    start_again: "Empezar de nuevo",
    for_administrator: "Para su administrador",
    code: "Código",
    request: "Solicitud",
    languages: "Idioma",
};

/// The words of a language.
#[must_use]
pub const fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &ENGLISH,
        Language::Fr => &FRENCH,
        Language::De => &GERMAN,
        Language::Es => &SPANISH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_words_of_its_own() {
        for language in Language::ALL {
            let own = words(language);
            assert_eq!(own.lang, language.as_str());
            let others = Language::ALL.into_iter().filter(|other| *other != language).map(words);
            for other in others {
                assert_ne!((own.sign_in, own.refused), (other.sign_in, other.refused));
            }
        }
    }
}
