//! What warnings say: headline and sentence, in English, French, German and Spanish.

use super::notice::Words;

/// A token or client secret of a directory ends soon.
pub const DIRECTORY_TOKEN_EXPIRING: Words = [
    (
        "a directory secret ends soon",
        "A token or client secret of a directory ends soon. Make a new one and enter it at the \
         identity provider: provisioning stops at the end.",
    ),
    (
        "un secret d’annuaire expire bientôt",
        "Un jeton ou un secret de client d’un annuaire expire bientôt. Créez-en un nouveau et \
         saisissez-le chez le fournisseur d’identité : sinon le provisionnement s’arrête à \
         l’échéance.",
    ),
    (
        "Geheimnis eines Verzeichnisses läuft ab",
        "Ein Token oder Client-Geheimnis eines Verzeichnisses läuft bald ab. Legen Sie ein neues \
         an und tragen Sie es beim Identitätsanbieter ein: Sonst endet die Bereitstellung.",
    ),
    (
        "un secreto de directorio caduca pronto",
        "Un token o secreto de cliente de un directorio caduca pronto. Cree uno nuevo e \
         introdúzcalo en el proveedor de identidad: si no, el aprovisionamiento se detiene.",
    ),
];
/// The client secret of a connection ends soon.
pub const CLIENT_SECRET_EXPIRING: Words = [
    (
        "a client secret ends soon",
        "The client secret of a connection ends soon. Make a new one at the provider and enter it \
         here: nobody can sign in by this connection after the end.",
    ),
    (
        "un secret de client expire bientôt",
        "Le secret de client d’une connexion expire bientôt. Créez-en un nouveau chez le \
         fournisseur et saisissez-le ici : sinon plus personne ne pourra se connecter.",
    ),
    (
        "Client-Geheimnis läuft ab",
        "Das Client-Geheimnis einer Verbindung läuft bald ab. Legen Sie beim Anbieter ein neues \
         an und tragen Sie es hier ein: Sonst kann sich niemand mehr damit anmelden.",
    ),
    (
        "un secreto de cliente caduca pronto",
        "El secreto de cliente de una conexión caduca pronto. Cree uno nuevo en el proveedor e \
         introdúzcalo aquí: si no, nadie podrá entrar por esta conexión.",
    ),
];
/// A certificate of a connection ends soon.
pub const CERTIFICATE_EXPIRING: Words = [
    (
        "a certificate ends soon",
        "A signing certificate of a connection ends soon. Add the provider's next one here before \
         it signs with it.",
    ),
    (
        "un certificat expire bientôt",
        "Un certificat de signature d’une connexion expire bientôt. Ajoutez ici le suivant avant \
         que le fournisseur ne signe avec lui.",
    ),
    (
        "Zertifikat läuft ab",
        "Ein Signaturzertifikat einer Verbindung läuft bald ab. Fügen Sie hier das nächste hinzu, \
         bevor der Anbieter damit signiert.",
    ),
    (
        "un certificado caduca pronto",
        "Un certificado de firma de una conexión caduca pronto. Añada aquí el siguiente antes de \
         que el proveedor firme con él.",
    ),
];
/// The metadata of a connection could not be read anew.
pub const METADATA_FAILED: Words = [
    (
        "metadata cannot be read",
        "The metadata of a connection could not be read anew. The last good one goes on: look at \
         its address.",
    ),
    (
        "métadonnées illisibles",
        "Les métadonnées d’une connexion n’ont pas pu être relues. Les dernières valides restent \
         en usage : vérifiez leur adresse.",
    ),
    (
        "Metadaten nicht lesbar",
        "Die Metadaten einer Verbindung konnten nicht neu gelesen werden. Die letzten guten \
         gelten weiter: Prüfen Sie die Adresse.",
    ),
    (
        "metadatos ilegibles",
        "No se han podido releer los metadatos de una conexión. Siguen en uso los últimos \
         válidos: revise su dirección.",
    ),
];
/// A token ends soon.
pub const TOKEN_EXPIRING: Words = [
    (
        "a token ends soon",
        "A token ends soon. Make a new one, and give it to whatever calls with this one.",
    ),
    (
        "un jeton expire bientôt",
        "Un jeton expire bientôt. Créez-en un nouveau et donnez-le à ce qui utilise celui-ci.",
    ),
    (
        "Token läuft ab",
        "Ein Token läuft bald ab. Legen Sie ein neues an und geben Sie es dem, was dieses \
         benutzt.",
    ),
    (
        "un token caduca pronto",
        "Un token caduca pronto. Cree uno nuevo y déselo a lo que usa este.",
    ),
];
/// A directory has been silent.
pub const DIRECTORY_STALE: Words = [
    (
        "a directory is silent",
        "A directory has sent nothing for a while. Whoever leaves now keeps her access: look at \
         provisioning at the identity provider.",
    ),
    (
        "annuaire silencieux",
        "Un annuaire n’envoie plus rien depuis un certain temps. Les départs ne sont plus suivis \
         : vérifiez le provisionnement chez le fournisseur d’identité.",
    ),
    (
        "Verzeichnis verstummt",
        "Ein Verzeichnis sendet seit einiger Zeit nichts. Wer jetzt geht, behält den Zugang: \
         Prüfen Sie die Bereitstellung beim Identitätsanbieter.",
    ),
    (
        "directorio en silencio",
        "Un directorio lleva un tiempo sin enviar nada. Quien se va conserva el acceso: revise el \
         aprovisionamiento en el proveedor de identidad.",
    ),
];
/// A directory takes away more than it uses to.
pub const REMOVALS_UNUSUAL: Words = [
    (
        "unusually many removals",
        "A directory takes away the access of unusually many people. If that is a mistake, stop \
         provisioning there.",
    ),
    (
        "retraits inhabituels",
        "Un annuaire retire l’accès à un nombre inhabituel de personnes. Si c’est une erreur, \
         arrêtez-y le provisionnement.",
    ),
    (
        "ungewöhnlich viele Entzüge",
        "Ein Verzeichnis entzieht ungewöhnlich vielen Personen den Zugang. Wenn das ein Irrtum \
         ist, halten Sie dort die Bereitstellung an.",
    ),
    (
        "retiradas inusuales",
        "Un directorio retira el acceso a un número inusual de personas. Si es un error, detenga \
         allí el aprovisionamiento.",
    ),
];
/// The brake holds what a directory takes away.
pub const REMOVALS_HELD: Words = [
    (
        "removals are held",
        "A directory takes away more access than its limit allows. What is beyond it is held: \
         release or reject it within 24 hours, or it is applied.",
    ),
    (
        "retraits retenus",
        "Un annuaire retire plus d’accès que sa limite ne le permet. Le surplus est retenu : \
         appliquez-le ou rejetez-le sous 24 heures, sinon il sera appliqué.",
    ),
    (
        "Entzüge zurückgehalten",
        "Ein Verzeichnis entzieht mehr Zugänge, als seine Grenze erlaubt. Was darüber liegt, wird \
         zurückgehalten: Geben Sie es binnen 24 Stunden frei oder lehnen Sie es ab, sonst wird es \
         angewendet.",
    ),
    (
        "retiradas retenidas",
        "Un directorio retira más accesos de los que permite su límite. El exceso queda retenido: \
         aplíquelo o rechácelo en 24 horas; si no, se aplicará.",
    ),
];
/// The DNS record of a domain is missing.
pub const DOMAIN_FAILING: Words = [
    (
        "a DNS record is missing",
        "The TXT record that proves a domain is missing. Put it back: after 7 days the domain is \
         lost.",
    ),
    (
        "enregistrement DNS manquant",
        "L’enregistrement TXT qui prouve un domaine a disparu. Remettez-le : après 7 jours, le \
         domaine est perdu.",
    ),
    (
        "DNS-Eintrag fehlt",
        "Der TXT-Eintrag, der eine Domain nachweist, fehlt. Setzen Sie ihn wieder: Nach 7 Tagen \
         ist die Domain verloren.",
    ),
    (
        "falta un registro DNS",
        "Falta el registro TXT que prueba un dominio. Vuelva a ponerlo: tras 7 días, el dominio \
         se pierde.",
    ),
];
/// A domain is verified no more.
pub const DOMAIN_LOST: Words = [
    (
        "a domain is lost",
        "A domain counts as verified no more: sign-ins that rest on it are refused until it is \
         proved anew.",
    ),
    (
        "domaine perdu",
        "Un domaine n’est plus considéré comme vérifié : les connexions qui en dépendent sont \
         refusées jusqu’à une nouvelle preuve.",
    ),
    (
        "Domain verloren",
        "Eine Domain gilt nicht mehr als nachgewiesen: Anmeldungen, die auf ihr beruhen, werden \
         abgelehnt, bis sie neu nachgewiesen ist.",
    ),
    (
        "dominio perdido",
        "Un dominio ya no se considera verificado: los accesos que dependen de él se rechazan \
         hasta que se pruebe de nuevo.",
    ),
];
/// Nobody holds a role that must keep a holder.
pub const ROLE_VACANT: Words = [
    (
        "nobody holds a role that must be held",
        "Nobody who can sign in holds this role any more. The operator of the platform can give \
         it to somebody.",
    ),
    (
        "rôle sans titulaire",
        "Plus personne qui puisse se connecter n’a ce rôle. L’exploitant de la plateforme peut \
         l’attribuer.",
    ),
    (
        "Rolle ohne Inhaber",
        "Niemand, der sich anmelden kann, hat diese Rolle noch. Der Betreiber der Plattform kann \
         sie vergeben.",
    ),
    (
        "rol sin titular",
        "Ya nadie que pueda entrar tiene este rol. El operador de la plataforma puede asignarlo.",
    ),
];
