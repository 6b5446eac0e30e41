//! What notices say: headline and sentence, in English, French, German and Spanish.

/// Headline and sentence, by language.
pub type Words = [(&'static str, &'static str); 4];

/// A break-glass user signed in.
pub const BREAK_GLASS_USED: Words = [
    ("break-glass sign-in", "Somebody signed in with a break-glass account."),
    ("accès de secours utilisé", "Quelqu’un s’est connecté avec un compte de secours."),
    ("Notfallzugang benutzt", "Jemand hat sich mit einem Notfallzugang angemeldet."),
    ("acceso de emergencia usado", "Alguien ha entrado con una cuenta de emergencia."),
];
/// Somebody made a break-glass user.
pub const BREAK_GLASS_MADE: Words = [
    ("new break-glass account", "Somebody made a break-glass account."),
    ("nouvel accès de secours", "Quelqu’un a créé un compte de secours."),
    ("neuer Notfallzugang", "Jemand hat einen Notfallzugang angelegt."),
    ("nuevo acceso de emergencia", "Alguien ha creado una cuenta de emergencia."),
];
/// The password of an account was changed.
pub const PASSWORD_CHANGED: Words = [
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
pub const TOKEN_CREATOR_LEFT: Words = [
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
pub const WEBHOOK_CREATOR_LEFT: Words = [
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
pub const WEBHOOK_DISABLED: Words = [
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
/// Somebody used an identity action.
pub const IDENTITY_ACTION: Words = [
    (
        "a change of who may sign in",
        "Somebody changed connections, directories, domains, rules, roles or tokens.",
    ),
    (
        "changement de l’identité",
        "Quelqu’un a modifié des connexions, annuaires, domaines, règles, rôles ou jetons.",
    ),
    (
        "Änderung an der Identität",
        "Jemand hat Verbindungen, Verzeichnisse, Domains, Regeln, Rollen oder Tokens geändert.",
    ),
    (
        "cambio de identidad",
        "Alguien ha cambiado conexiones, directorios, dominios, reglas, roles o tokens.",
    ),
];
/// A partner was asked for.
pub const PARTNER_REQUESTED: Words = [
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
