//! What mails say of identity actions: a noun, its name and what was done to it, in four
//! languages.

use crate::domain::announcement::{Noun, Verb};
use crate::domain::language::Language;
use crate::domain::mail::Act;

/// An act as its line says it.
pub fn line(language: Language, act: &Act) -> String {
    let (noun, verb) = (of(language, noun(act.noun)), of(language, verb(act.verb)));
    let name = match language {
        _ if act.name.is_empty() => String::new(),
        Language::En => format!(" “{}”", act.name),
        Language::Fr => format!(" « {} »", act.name),
        Language::De => format!(" „{}“", act.name),
        Language::Es => format!(" «{}»", act.name),
    };
    let colon = if language == Language::Fr { " :" } else { ":" };
    let times = if act.count > 1 { format!(" ({} ×)", act.count) } else { String::new() };
    format!("{noun}{name}{colon} {verb}{times}")
}

const fn of(language: Language, words: [&'static str; 4]) -> &'static str {
    let [en, fr, de, es] = words;
    match language {
        Language::En => en,
        Language::Fr => fr,
        Language::De => de,
        Language::Es => es,
    }
}

const fn noun(noun: Noun) -> [&'static str; 4] {
    match noun {
        Noun::Connection => ["Connection", "Connexion", "Verbindung", "Conexión"],
        Noun::Directory => ["Directory", "Annuaire", "Verzeichnis", "Directorio"],
        Noun::DirectoryToken => {
            ["Directory token", "Jeton d’annuaire", "Verzeichnis-Token", "Token de directorio"]
        }
        Noun::DirectoryClient => {
            ["Directory client", "Client d’annuaire", "Verzeichnis-Client", "Cliente de directorio"]
        }
        Noun::Domain => ["E-mail domain", "Domaine de messagerie", "E-Mail-Domain", "Dominio"],
        Noun::MappingRule => {
            ["Mapping rule", "Règle d’attribution", "Zuordnungsregel", "Regla de asignación"]
        }
        Noun::Role => ["Role", "Rôle", "Rolle", "Rol"],
        Noun::OrganizationToken => [
            "Token of the organization",
            "Jeton de l’organisation",
            "Token der Organisation",
            "Token de la organización",
        ],
        Noun::OperatorToken => {
            ["Operator token", "Jeton d’exploitant", "Betreiber-Token", "Token de operador"]
        }
        Noun::Identity => [
            "Identity at a provider",
            "Identité auprès d’un fournisseur",
            "Identität bei einem Anbieter",
            "Identidad en un proveedor",
        ],
        Noun::HeldLoss => {
            ["Held removal", "Retrait retenu", "Zurückgehaltener Entzug", "Retirada retenida"]
        }
    }
}

const fn verb(verb: Verb) -> [&'static str; 4] {
    match verb {
        Verb::Created => ["created", "création", "angelegt", "creación"],
        Verb::Changed => ["changed", "modification", "geändert", "modificación"],
        Verb::Removed => ["removed", "suppression", "entfernt", "eliminación"],
        Verb::Verified => ["verified", "vérification", "nachgewiesen", "verificación"],
        Verb::Tested => ["tested", "essai", "erprobt", "prueba"],
        Verb::Applied => ["applied", "application", "angewendet", "aplicación"],
        Verb::Rejected => ["rejected", "rejet", "abgelehnt", "rechazo"],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_act_has_words_of_its_own_in_every_language() {
        for language in Language::ALL {
            let nouns: BTreeSet<&str> = Noun::ALL.map(|one| of(language, noun(one))).into();
            let verbs: BTreeSet<&str> = Verb::ALL.map(|one| of(language, verb(one))).into();
            assert_eq!((nouns.len(), verbs.len()), (Noun::ALL.len(), Verb::ALL.len()));
        }
        for one in Noun::ALL {
            assert_eq!(BTreeSet::from(noun(one)).len(), 4, "{one:?}");
        }
        for one in Verb::ALL {
            assert_eq!(BTreeSet::from(verb(one)).len(), 4, "{one:?}");
        }
    }

    #[test]
    fn an_act_is_told_with_its_name_and_how_often() {
        let mut act =
            Act { noun: Noun::Connection, verb: Verb::Changed, name: "Okta".to_owned(), count: 1 };
        assert_eq!(line(Language::En, &act), "Connection “Okta”: changed");
        act.count = 3;
        assert_eq!(line(Language::De, &act), "Verbindung „Okta“: geändert (3 ×)");
        act.name = String::new();
        assert_eq!(line(Language::Fr, &act), "Connexion : modification (3 ×)");
    }
}
