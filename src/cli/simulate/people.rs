//! The people and groups that are provisioned: made from a counter, so that two runs speak of the
//! same ones, and no list of them is kept.
//!
//! Names have letters beyond ASCII on purpose: they must come back as they were sent (C27).

use super::Provider;

/// A name, and how it is spelled in addresses.
type Name = (&'static str, &'static str);

const GIVEN: [Name; 16] = [
    ("Ada", "ada"),
    ("Björn", "bjorn"),
    ("Chloé", "chloe"),
    ("Dmitri", "dmitri"),
    ("Elif", "elif"),
    ("Fatima", "fatima"),
    ("Grzegorz", "grzegorz"),
    ("Hana", "hana"),
    ("Inès", "ines"),
    ("João", "joao"),
    ("Kwame", "kwame"),
    ("Liam", "liam"),
    ("Mei", "mei"),
    ("Noor", "noor"),
    ("Siobhán", "siobhan"),
    ("Zoë", "zoe"),
];

const FAMILY: [Name; 15] = [
    ("Adeyemi", "adeyemi"),
    ("Brandt", "brandt"),
    ("Castro", "castro"),
    ("Dupont", "dupont"),
    ("Eriksson", "eriksson"),
    ("Fischer", "fischer"),
    ("García", "garcia"),
    ("Hoang", "hoang"),
    ("Kowalska", "kowalska"),
    ("Müller", "muller"),
    ("O'Brien", "obrien"),
    ("Petrov", "petrov"),
    ("Rossi", "rossi"),
    ("Şahin", "sahin"),
    ("Tanaka", "tanaka"),
];

const TITLES: [&str; 5] =
    ["Engineer", "Inspector", "Maintenance planner", "Shift lead", "Technician"];
const DEPARTMENTS: [&str; 4] = ["Maintenance", "Operations", "Quality", "Safety"];

const CITIES: [&str; 12] = [
    "lyon", "paris", "lille", "nantes", "turin", "porto", "gdansk", "essen", "bergen", "leeds",
    "ghent", "osaka",
];
const DUTIES: [&str; 3] = ["managers", "workers", "viewers"];

/// One person.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person(pub(super) u32);

impl Person {
    fn name(self) -> (Name, Name) {
        let at = self.0 as usize;
        (pick(&GIVEN, at), pick(&FAMILY, at / GIVEN.len()))
    }

    pub(super) fn given(self) -> &'static str {
        self.name().0.0
    }

    pub(super) fn family(self) -> &'static str {
        self.name().1.0
    }

    pub(super) fn display(self) -> String {
        format!("{} {}", self.given(), self.family())
    }

    /// Her login, which is her address too.
    pub(super) fn login(self) -> String {
        let (given, family) = self.name();
        format!("{}.{}.{}@example.com", given.1, family.1, self.0)
    }

    /// Her id at the provider: a GUID at Entra, `00u...` at Okta.
    pub(super) fn external_id(self, provider: Provider) -> String {
        match provider {
            Provider::Entra => format!("7d0c5a1e-5e1f-4c2b-9a00-{:012x}", self.0),
            Provider::Okta => format!("00u{:017}", self.0),
        }
    }

    pub(super) fn employee_number(self) -> String {
        format!("{}", 100_000 + u64::from(self.0))
    }

    pub(super) fn title(self) -> &'static str {
        pick(&TITLES, self.0 as usize)
    }

    pub(super) fn department(self) -> &'static str {
        pick(&DEPARTMENTS, self.0 as usize)
    }
}

/// One group of as many as there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Team {
    pub(super) number: u32,
    pub(super) of: u32,
}

impl Team {
    /// Its name: `Quality`, then `Site lyon managers` and so on.
    pub(super) fn display(self) -> String {
        let Some(at) = self.number.checked_sub(1) else { return "Quality".to_owned() };
        let at = at as usize;
        let city = pick(&CITIES, at);
        let duty = pick(&DUTIES, at / CITIES.len());
        match at / (CITIES.len() * DUTIES.len()) {
            0 => format!("Site {city} {duty}"),
            round => format!("Site {city}-{} {duty}", round + 1),
        }
    }

    /// Its id at Entra; Okta sends none for groups.
    pub(super) fn external_id(self) -> String {
        format!("7d0c5a1e-5e1f-4c2b-9b00-{:012x}", self.number)
    }

    /// The numbers of its members among `people`, each once: everybody is in the group that her
    /// number falls on, and blocks of neighbours are in one more.
    pub(super) fn members(self, people: u32) -> impl Iterator<Item = u32> {
        let (number, of) = (u64::from(self.number), u64::from(self.of.max(1)));
        let people = u64::from(people);
        let step = usize::try_from(of).unwrap_or(usize::MAX);
        let own = (number..people).step_by(step);
        let blocks = (number..people.div_ceil(of)).step_by(step);
        let neighbours = blocks
            .flat_map(move |block| block * of..((block + 1) * of).min(people))
            .filter(move |person| person % of != number);
        own.chain(neighbours).filter_map(|person| u32::try_from(person).ok())
    }
}

/// Whether the member at a place of [`Team::members`] leaves in the change cycle.
pub(super) const fn leaves(place: usize) -> bool {
    place % 5 == 4
}

fn pick<T: Copy + Default>(of: &[T], at: usize) -> T {
    of.get(at.checked_rem(of.len()).unwrap_or(0)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn people_are_told_apart_by_login_and_are_the_same_in_each_run() {
        let logins: HashSet<String> = (0..2_000).map(|n| Person(n).login()).collect();
        assert_eq!(logins.len(), 2_000);
        assert_eq!(Person(17).login(), "bjorn.brandt.17@example.com");
        assert_eq!(Person(17).display(), "Björn Brandt");
        assert!(logins.iter().all(|login| login.is_ascii()));
    }

    #[test]
    fn groups_have_names_of_their_own() {
        let of = 500;
        let names: HashSet<String> = (0..of).map(|number| Team { number, of }.display()).collect();
        assert_eq!(names.len(), 500);
        for name in ["Quality", "Site lyon managers", "Site paris workers", "Site osaka-2 viewers"]
        {
            assert!(names.contains(name), "{name}");
        }
    }

    #[test]
    fn everybody_is_in_some_group_and_in_none_twice() {
        for (people, of) in [(1, 1), (50, 5), (7, 10), (1_000, 3), (30, 1)] {
            let mut joined = HashSet::new();
            for number in 0..of {
                let members: Vec<u32> = Team { number, of }.members(people).collect();
                let once: HashSet<&u32> = members.iter().collect();
                assert_eq!(once.len(), members.len(), "{people} people, group {number} of {of}");
                joined.extend(members);
            }
            assert_eq!(joined, (0..people).collect(), "{people} people in {of} groups");
        }
    }
}
