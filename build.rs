//! Migrations are compiled in: a new file must build the program anew.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
