//! What the pages of SAML sign-ins say, in each language that pages speak.

use crate::domain::language::Language;

/// The words of the question whether it is she, and of the form on its way to a provider.
#[derive(Debug)]
pub struct Words {
    /// The tag of the language.
    pub lang: &'static str,
    /// The title of the question.
    pub question: &'static str,
    /// Who asks for this.
    pub asked_by: &'static str,
    /// Before the name of the organization.
    pub at: &'static str,
    /// Before the name of the person.
    pub who: &'static str,
    /// The button that goes on.
    pub go_on: &'static str,
    /// The button of somebody else.
    pub not_me: &'static str,
    /// The title of the form on its way.
    pub on_its_way: &'static str,
    /// The title of the form on its way to sign out.
    pub leaving: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    question: "Is this you?",
    asked_by: "Your identity provider asks to sign you in. Go on only if you wanted that.",
    at: "Organization",
    who: "Person",
    go_on: "Continue",
    not_me: "That is not me",
    on_its_way: "Continue to your sign-in",
    leaving: "Continue to sign out",
};

const FRENCH: Words = Words {
    lang: "fr",
    question: "Est-ce bien vous ?",
    asked_by: "Votre fournisseur d’identité demande à vous connecter. Ne continuez que si vous \
               l’avez voulu.",
    at: "Organisation",
    who: "Personne",
    go_on: "Continuer",
    not_me: "Ce n’est pas moi",
    on_its_way: "Continuer vers la connexion",
    leaving: "Continuer vers la déconnexion",
};

const GERMAN: Words = Words {
    lang: "de",
    question: "Sind Sie das?",
    asked_by: "Ihr Identitätsanbieter möchte Sie anmelden. Fahren Sie nur fort, wenn Sie das \
               wollten.",
    at: "Organisation",
    who: "Person",
    go_on: "Weiter",
    not_me: "Das bin ich nicht",
    on_its_way: "Weiter zu Ihrer Anmeldung",
    leaving: "Weiter zur Abmeldung",
};

const SPANISH: Words = Words {
    lang: "es",
    question: "¿Es usted?",
    asked_by: "Su proveedor de identidad pide iniciar su sesión. Continúe solo si usted lo quiso.",
    at: "Organización",
    who: "Persona",
    go_on: "Continuar",
    not_me: "No soy yo",
    on_its_way: "Continuar al inicio de sesión",
    leaving: "Continuar al cierre de sesión",
};

/// The words in a language.
#[must_use]
pub const fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &ENGLISH,
        Language::Fr => &FRENCH,
        Language::De => &GERMAN,
        Language::Es => &SPANISH,
    }
}
