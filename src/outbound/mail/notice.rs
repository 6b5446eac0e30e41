//! What notices say: headline and sentence, in English, French, German and Spanish.

use super::warning;
use crate::domain::mail::Notice;

/// Headline and sentence, by language.
pub type Words = [(&'static str, &'static str); 4];

/// A break-glass user signed in.
const BREAK_GLASS_USED: Words = [
    ("break-glass sign-in", "Somebody signed in with a break-glass account."),
    ("accès de secours utilisé", "Quelqu’un s’est connecté avec un compte de secours."),
    ("Notfallzugang benutzt", "Jemand hat sich mit einem Notfallzugang angemeldet."),
    ("acceso de emergencia usado", "Alguien ha entrado con una cuenta de emergencia."),
];
/// Somebody made a break-glass user.
const BREAK_GLASS_MADE: Words = [
    ("new break-glass account", "Somebody made a break-glass account."),
    ("nouvel accès de secours", "Quelqu’un a créé un compte de secours."),
    ("neuer Notfallzugang", "Jemand hat einen Notfallzugang angelegt."),
    ("nuevo acceso de emergencia", "Alguien ha creado una cuenta de emergencia."),
];
/// The password of an account was changed.
const PASSWORD_CHANGED: Words = [
    ("password changed", "The password of your account was changed and its sessions have ended."),
    (
        "mot de passe modifié",
        "Le mot de passe de votre compte a été modifié et ses sessions sont terminées.",
    ),
    (
        "Passwort geändert",
        "Das Passwort Ihres Kontos wurde geändert, und seine Sitzungen sind beendet.",
    ),
    ("contraseña cambiada", "La contraseña de su cuenta ha cambiado y sus sesiones han terminado."),
];
/// Whoever made an organization token left.
const TOKEN_CREATOR_LEFT: Words = [
    (
        "the creator of a token left",
        "Whoever made this organization token has left. It goes on working: keep it, or revoke it.",
    ),
    (
        "départ du créateur d’un jeton",
        "La personne qui a créé ce jeton est partie. Il reste valable : gardez-le ou révoquez-le.",
    ),
    (
        "Ersteller eines Tokens ausgeschieden",
        "Wer dieses Token angelegt hat, ist ausgeschieden. Es gilt weiter: behalten oder \
         widerrufen Sie es.",
    ),
    (
        "salida del creador de un token",
        "Quien creó este token se ha ido. Sigue funcionando: consérvelo o revóquelo.",
    ),
];
/// Whoever made a webhook left.
const WEBHOOK_CREATOR_LEFT: Words = [
    (
        "the creator of a webhook left",
        "Whoever made this webhook has left. It goes on working: keep it, or remove it.",
    ),
    (
        "départ du créateur d’un webhook",
        "La personne qui a créé ce webhook est partie. Il reste actif : gardez-le ou supprimez-le.",
    ),
    (
        "Ersteller eines Webhooks ausgeschieden",
        "Wer diesen Webhook angelegt hat, ist ausgeschieden. Er gilt weiter: behalten oder \
         entfernen Sie ihn.",
    ),
    (
        "salida del creador de un webhook",
        "Quien creó este webhook se ha ido. Sigue funcionando: consérvelo o elimínelo.",
    ),
];
/// A webhook was switched off.
const WEBHOOK_DISABLED: Words = [
    (
        "a webhook was switched off",
        "A webhook failed for days and was switched off. Repair its receiver, then switch it on.",
    ),
    (
        "webhook désactivé",
        "Un webhook a échoué pendant des jours et a été désactivé. Réparez son destinataire, \
         puis réactivez-le.",
    ),
    (
        "Webhook abgeschaltet",
        "Ein Webhook ist tagelang fehlgeschlagen und wurde abgeschaltet. Reparieren Sie den \
         Empfänger, dann schalten Sie ihn wieder ein.",
    ),
    (
        "webhook desactivado",
        "Un webhook ha fallado durante días y se ha desactivado. Repare el receptor y vuelva a \
         activarlo.",
    ),
];
/// A partner was asked for.
const PARTNER_REQUESTED: Words = [
    (
        "a partner is asked for",
        "The organization asks for one of your people as a partner: confirm it for one of them.",
    ),
    (
        "demande de partenaire",
        "L’organisation demande une de vos personnes comme partenaire : confirmez pour l’une \
         d’elles.",
    ),
    (
        "Partner angefragt",
        "Die Organisation bittet um eine Ihrer Personen als Partner: Bestätigen Sie es für eine \
         davon.",
    ),
    (
        "solicitud de colaborador",
        "La organización solicita a una de sus personas como colaboradora: confírmelo para una \
         de ellas.",
    ),
];

/// What a notice says.
pub const fn of(about: Notice) -> Words {
    match about {
        Notice::BreakGlassUsed => BREAK_GLASS_USED,
        Notice::BreakGlassMade => BREAK_GLASS_MADE,
        Notice::PasswordChanged => PASSWORD_CHANGED,
        Notice::TokenCreatorLeft => TOKEN_CREATOR_LEFT,
        Notice::WebhookCreatorLeft => WEBHOOK_CREATOR_LEFT,
        Notice::WebhookDisabled => WEBHOOK_DISABLED,
        Notice::PartnerRequested => PARTNER_REQUESTED,
        Notice::DirectoryTokenExpiring => warning::DIRECTORY_TOKEN_EXPIRING,
        Notice::ClientSecretExpiring => warning::CLIENT_SECRET_EXPIRING,
        Notice::CertificateExpiring => warning::CERTIFICATE_EXPIRING,
        Notice::MetadataFailed => warning::METADATA_FAILED,
        Notice::TokenExpiring => warning::TOKEN_EXPIRING,
        Notice::DirectoryStale => warning::DIRECTORY_STALE,
        Notice::RemovalsUnusual => warning::REMOVALS_UNUSUAL,
        Notice::RemovalsHeld => warning::REMOVALS_HELD,
        Notice::DomainFailing => warning::DOMAIN_FAILING,
        Notice::DomainLost => warning::DOMAIN_LOST,
        Notice::RoleVacant => warning::ROLE_VACANT,
    }
}
