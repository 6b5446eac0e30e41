//! What a person reads who is refused at the pages of invites and passwords, in each language.
//!
//! The English sentence is the key, as of refused sign-ins; titles of problems stand here too.

use super::refused_words::Sentences;

/// Refusals of the pages of invites and passwords.
pub const ENTRY_SENTENCES: Sentences = &[
    ("There is no such thing", ["Cela n’existe pas", "Das gibt es nicht", "Eso no existe"]),
    (
        "There is no such link here.",
        ["Ce lien n’existe pas.", "Diesen Link gibt es nicht.", "Este enlace no existe."],
    ),
    (
        "There is no such invite here.",
        [
            "Cette invitation n’existe pas.",
            "Diese Einladung gibt es nicht.",
            "Esta invitación no existe.",
        ],
    ),
    (
        "There is no such connection here.",
        [
            "Cette connexion n’existe pas.",
            "Diese Verbindung gibt es nicht.",
            "Esta conexión no existe.",
        ],
    ),
    ("This is over", ["C’est terminé", "Das ist vorbei", "Esto ha terminado"]),
    (
        "This link was used or has run out: ask for a new one.",
        [
            "Ce lien a déjà servi ou a expiré : demandez-en un nouveau.",
            "Dieser Link wurde benutzt oder ist abgelaufen: Fordern Sie einen neuen an.",
            "Este enlace se ha usado o ha caducado: pida uno nuevo.",
        ],
    ),
    (
        "You may not do this",
        ["Vous ne pouvez pas faire cela", "Das dürfen Sie nicht", "No puede hacer esto"],
    ),
    (
        "Your organization signs in by its identity provider alone.",
        [
            "Votre organisation se connecte uniquement par son fournisseur d’identité.",
            "Ihre Organisation meldet sich nur über ihren Identitätsanbieter an.",
            "Su organización entra solo mediante su proveedor de identidad.",
        ],
    ),
    (
        "This request was not sent by a page of this host: `Sec-Fetch-Site: same-origin` or an \
         equal `Origin` is missing.",
        [
            "Cette demande ne vient pas d’une page de ce site. Ouvrez la page ici, puis \
             recommencez.",
            "Diese Anfrage kam nicht von einer Seite hier. Öffnen Sie die Seite hier und \
             versuchen Sie es wieder.",
            "Esta petición no viene de una página de este sitio. Abra la página aquí e inténtelo \
             de nuevo.",
        ],
    ),
    (
        "A field is wrong",
        ["Un champ est incorrect", "Ein Feld ist falsch", "Un campo no es correcto"],
    ),
    (
        "This code does not hold: send the one that the app shows now.",
        [
            "Ce code n’est pas valable : saisissez celui que l’application affiche maintenant.",
            "Dieser Code gilt nicht: Geben Sie den ein, den die App jetzt zeigt.",
            "Este código no vale: escriba el que muestra ahora la aplicación.",
        ],
    ),
    (
        "Send a password of at least 12 characters, or choose a connection that the page offers.",
        [
            "Définissez un mot de passe d’au moins 12 caractères, ou choisissez une connexion \
             proposée par la page.",
            "Setzen Sie ein Passwort von mindestens 12 Zeichen, oder wählen Sie eine Verbindung \
             der Seite.",
            "Cree una contraseña de al menos 12 caracteres o elija una conexión de la página.",
        ],
    ),
    ("Too many requests", ["Trop de demandes", "Zu viele Anfragen", "Demasiadas peticiones"]),
    (
        "Too many requests: wait a little.",
        [
            "Trop de demandes : patientez un peu.",
            "Zu viele Anfragen: Warten Sie ein wenig.",
            "Demasiadas peticiones: espere un poco.",
        ],
    ),
    (
        "The request cannot be read",
        [
            "La demande est illisible",
            "Die Anfrage ist nicht lesbar",
            "La petición no se puede leer",
        ],
    ),
    (
        "The form cannot be read.",
        [
            "Le formulaire est illisible.",
            "Das Formular ist nicht lesbar.",
            "El formulario no se puede leer.",
        ],
    ),
    (
        "The request is too large",
        [
            "La demande est trop grande",
            "Die Anfrage ist zu groß",
            "La petición es demasiado grande",
        ],
    ),
    (
        "The form is too large.",
        [
            "Le formulaire est trop grand.",
            "Das Formular ist zu groß.",
            "El formulario es demasiado grande.",
        ],
    ),
    (
        "This media type is not understood",
        [
            "Ce type de contenu n’est pas compris",
            "Dieser Medientyp wird nicht verstanden",
            "Este tipo de contenido no se entiende",
        ],
    ),
    (
        "Send what the page's form sends.",
        [
            "Envoyez ce que le formulaire de la page envoie.",
            "Senden Sie, was das Formular der Seite sendet.",
            "Envíe lo que envía el formulario de la página.",
        ],
    ),
    (
        "It collides with something that is there",
        [
            "Cela entre en conflit avec l’existant",
            "Das widerspricht etwas Vorhandenem",
            "Choca con algo que ya existe",
        ],
    ),
    (
        "Something went wrong on our side",
        [
            "Une erreur s’est produite de notre côté",
            "Bei uns ist etwas schiefgegangen",
            "Algo ha fallado por nuestra parte",
        ],
    ),
    (
        "Try again later",
        ["Réessayez plus tard", "Versuchen Sie es später wieder", "Inténtelo más tarde"],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_sentence_says_in_one_language_what_it_says_in_another() {
        for (english, others) in ENTRY_SENTENCES {
            let all: BTreeSet<&str> = others.iter().copied().chain([*english]).collect();
            assert_eq!(all.len(), 4, "{english}");
        }
    }
}
