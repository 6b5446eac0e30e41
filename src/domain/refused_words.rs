//! What a refused person reads, in each language.
//!
//! The English sentence is the key: refusals that say the same in English say the same everywhere.

use super::language::Language;
use super::refused_entry::ENTRY_SENTENCES;

/// English, then French, German and Spanish.
pub type Sentences = &'static [(&'static str, [&'static str; 3])];

/// Refusals of sign-ins by a connection.
const SENTENCES: Sentences = &[
    (
        "Your sign-in worked, but there is no account for you here. Ask your administrator.",
        [
            "Votre authentification a réussi, mais vous n’avez pas de compte ici. Adressez-vous à votre administrateur.",
            "Ihre Anmeldung hat geklappt, aber Sie haben hier kein Konto. Fragen Sie Ihre Administration.",
            "Su autenticación funcionó, pero no tiene una cuenta aquí. Consulte a su administrador.",
        ],
    ),
    (
        "Your account is switched off. Ask your administrator.",
        [
            "Votre compte est désactivé. Adressez-vous à votre administrateur.",
            "Ihr Konto ist abgeschaltet. Fragen Sie Ihre Administration.",
            "Su cuenta está desactivada. Consulte a su administrador.",
        ],
    ),
    (
        "You cannot sign in this way. Use the way that your organization set up for you.",
        [
            "Vous ne pouvez pas vous connecter de cette façon. Utilisez celle que votre organisation a prévue pour vous.",
            "Auf diesem Weg können Sie sich nicht anmelden. Nehmen Sie den, den Ihre Organisation für Sie eingerichtet hat.",
            "No puede iniciar sesión de esta manera. Use la que su organización preparó para usted.",
        ],
    ),
    (
        "This invite went to another e-mail address. Sign in with the address that got it.",
        [
            "Cette invitation a été envoyée à une autre adresse e-mail. Connectez-vous avec l’adresse qui l’a reçue.",
            "Diese Einladung ging an eine andere E-Mail-Adresse. Melden Sie sich mit der Adresse an, die sie bekommen hat.",
            "Esta invitación se envió a otro correo electrónico. Inicie sesión con la dirección que la recibió.",
        ],
    ),
    (
        "Your account is about to be switched off. Ask your administrator.",
        [
            "Votre compte est sur le point d’être désactivé. Adressez-vous à votre administrateur.",
            "Ihr Konto wird gerade abgeschaltet. Fragen Sie Ihre Administration.",
            "Su cuenta está a punto de desactivarse. Consulte a su administrador.",
        ],
    ),
    (
        "Your sign-in worked, but your account could not be told apart. Ask your administrator.",
        [
            "Votre authentification a réussi, mais votre compte n’a pas pu être identifié avec certitude. Adressez-vous à votre administrateur.",
            "Ihre Anmeldung hat geklappt, aber Ihr Konto war nicht eindeutig zu finden. Fragen Sie Ihre Administration.",
            "Su autenticación funcionó, pero no se pudo identificar su cuenta con certeza. Consulte a su administrador.",
        ],
    ),
    (
        "Your sign-in worked, but your account is bound to another identity. Ask your administrator.",
        [
            "Votre authentification a réussi, mais votre compte est lié à une autre identité. Adressez-vous à votre administrateur.",
            "Ihre Anmeldung hat geklappt, aber Ihr Konto ist mit einer anderen Identität verbunden. Fragen Sie Ihre Administration.",
            "Su autenticación funcionó, pero su cuenta está vinculada a otra identidad. Consulte a su administrador.",
        ],
    ),
    (
        "Your sign-in worked, but your e-mail address is not of this organization. Ask your administrator.",
        [
            "Votre authentification a réussi, mais votre adresse e-mail n’est pas de cette organisation. Adressez-vous à votre administrateur.",
            "Ihre Anmeldung hat geklappt, aber Ihre E-Mail-Adresse gehört nicht zu dieser Organisation. Fragen Sie Ihre Administration.",
            "Su autenticación funcionó, pero su correo electrónico no es de esta organización. Consulte a su administrador.",
        ],
    ),
    (
        "Your sign-in worked, but there is no account for you here yet. Ask your administrator.",
        [
            "Votre authentification a réussi, mais vous n’avez pas encore de compte ici. Adressez-vous à votre administrateur.",
            "Ihre Anmeldung hat geklappt, aber Sie haben hier noch kein Konto. Fragen Sie Ihre Administration.",
            "Su autenticación funcionó, pero aún no tiene una cuenta aquí. Consulte a su administrador.",
        ],
    ),
    (
        "Your sign-in worked, but you have no role here. Ask your administrator.",
        [
            "Votre authentification a réussi, mais vous n’avez aucun rôle ici. Adressez-vous à votre administrateur.",
            "Ihre Anmeldung hat geklappt, aber Sie haben hier keine Rolle. Fragen Sie Ihre Administration.",
            "Su autenticación funcionó, pero no tiene ningún rol aquí. Consulte a su administrador.",
        ],
    ),
    (
        "You have an account here already. Sign in with its password to connect the two, or first another way in this browser, then start again.",
        [
            "Vous avez déjà un compte ici. Connectez-vous avec son mot de passe pour relier les deux, ou d’abord d’une autre façon dans ce navigateur, puis recommencez.",
            "Sie haben hier schon ein Konto. Melden Sie sich mit seinem Passwort an, um beide zu verbinden, oder in diesem Browser zuerst auf anderem Weg und beginnen Sie dann neu.",
            "Ya tiene una cuenta aquí. Inicie sesión con su contraseña para unir las dos, o primero de otra manera en este navegador y después empiece de nuevo.",
        ],
    ),
    (
        "Your provider did not ask you to sign in anew. Please start again.",
        [
            "Votre fournisseur ne vous a pas demandé de vous reconnecter. Veuillez recommencer.",
            "Ihr Anbieter hat Sie nicht neu angemeldet. Bitte beginnen Sie neu.",
            "Su proveedor no le pidió iniciar sesión de nuevo. Empiece de nuevo.",
        ],
    ),
    (
        "Guests of this organization cannot sign in here.",
        [
            "Les invités de cette organisation ne peuvent pas se connecter ici.",
            "Gäste dieser Organisation können sich hier nicht anmelden.",
            "Los invitados de esta organización no pueden iniciar sesión aquí.",
        ],
    ),
    (
        "You signed in with an account of another organization.",
        [
            "Vous vous êtes connecté avec un compte d’une autre organisation.",
            "Sie haben sich mit dem Konto einer anderen Organisation angemeldet.",
            "Ha iniciado sesión con una cuenta de otra organización.",
        ],
    ),
    (
        "This way of signing in is switched off. Ask your administrator.",
        [
            "Ce mode de connexion est désactivé. Adressez-vous à votre administrateur.",
            "Diese Art der Anmeldung ist abgeschaltet. Fragen Sie Ihre Administration.",
            "Este inicio de sesión está desactivado. Consulte a su administrador.",
        ],
    ),
    (
        "Signing in is switched off for your organization.",
        [
            "La connexion est désactivée pour votre organisation.",
            "Die Anmeldung ist für Ihre Organisation abgeschaltet.",
            "El inicio de sesión está desactivado para su organización.",
        ],
    ),
    (
        "This sign-in was not begun in this browser. Please start again.",
        [
            "Cette connexion n’a pas commencé dans ce navigateur. Veuillez recommencer.",
            "Diese Anmeldung hat nicht in diesem Browser begonnen. Bitte beginnen Sie neu.",
            "Este inicio de sesión no empezó en este navegador. Empiece de nuevo.",
        ],
    ),
    (
        "This sign-in was used already. Please start again.",
        [
            "Cette connexion a déjà été utilisée. Veuillez recommencer.",
            "Diese Anmeldung wurde schon benutzt. Bitte beginnen Sie neu.",
            "Este inicio de sesión ya se utilizó. Empiece de nuevo.",
        ],
    ),
    (
        "This sign-in took too long. Please start again.",
        [
            "Cette connexion a pris trop de temps. Veuillez recommencer.",
            "Diese Anmeldung hat zu lange gedauert. Bitte beginnen Sie neu.",
            "Este inicio de sesión tardó demasiado. Empiece de nuevo.",
        ],
    ),
    (
        "The sign-in could not be verified. Please start again.",
        [
            "La connexion n’a pas pu être vérifiée. Veuillez recommencer.",
            "Die Anmeldung ließ sich nicht prüfen. Bitte beginnen Sie neu.",
            "No se pudo verificar el inicio de sesión. Empiece de nuevo.",
        ],
    ),
    (
        "The sign-in could not be verified. Ask your administrator.",
        [
            "La connexion n’a pas pu être vérifiée. Adressez-vous à votre administrateur.",
            "Die Anmeldung ließ sich nicht prüfen. Fragen Sie Ihre Administration.",
            "No se pudo verificar el inicio de sesión. Consulte a su administrador.",
        ],
    ),
    (
        "The sign-in was declined at your provider.",
        [
            "La connexion a été refusée chez votre fournisseur.",
            "Die Anmeldung wurde bei Ihrem Anbieter abgelehnt.",
            "El inicio de sesión fue rechazado en su proveedor.",
        ],
    ),
    (
        "Your provider wants you to sign in anew. Please start again.",
        [
            "Votre fournisseur veut que vous vous reconnectiez. Veuillez recommencer.",
            "Ihr Anbieter möchte, dass Sie sich neu anmelden. Bitte beginnen Sie neu.",
            "Su proveedor quiere que inicie sesión de nuevo. Empiece de nuevo.",
        ],
    ),
    (
        "Your provider wants to ask you something. Please start again.",
        [
            "Votre fournisseur a une question à vous poser. Veuillez recommencer.",
            "Ihr Anbieter möchte Sie etwas fragen. Bitte beginnen Sie neu.",
            "Su proveedor quiere preguntarle algo. Empiece de nuevo.",
        ],
    ),
    (
        "Your provider did not answer as expected. Please try again later.",
        [
            "Votre fournisseur n’a pas répondu comme prévu. Veuillez réessayer plus tard.",
            "Ihr Anbieter hat nicht wie erwartet geantwortet. Bitte versuchen Sie es später noch einmal.",
            "Su proveedor no respondió como se esperaba. Inténtelo más tarde.",
        ],
    ),
];

/// A sentence in a language; in English where it has none.
#[must_use]
pub fn said_in(english: &'static str, language: Language) -> &'static str {
    translated(english, language).unwrap_or(english)
}

/// A sentence in a language that is not English, if it is known there.
#[must_use]
pub fn translated(english: &str, language: Language) -> Option<&'static str> {
    let all = SENTENCES.iter().chain(ENTRY_SENTENCES);
    let (_, [french, german, spanish]) = all.copied().find(|(known, _)| *known == english)?;
    match language {
        Language::En => None,
        Language::Fr => Some(french),
        Language::De => Some(german),
        Language::Es => Some(spanish),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sign_in::Refused;

    #[test]
    fn every_refusal_is_said_in_every_language() {
        for refused in Refused::ALL {
            for language in Language::ALL.into_iter().filter(|one| *one != Language::En) {
                let said = said_in(refused.said(), language);
                assert_ne!(said, refused.said(), "{} in {}", refused.as_str(), language.as_str());
            }
        }
    }
}
