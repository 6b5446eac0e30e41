//! The platform definitions that are built in.

const PRESETS: &[(&str, &str)] = &[
    ("camera-fleet", include_str!("presets/camera-fleet.toml")),
    ("media-cloud", include_str!("presets/media-cloud.toml")),
    ("vms", include_str!("presets/vms.toml")),
    ("field-vision", include_str!("presets/field-vision.toml")),
];

/// The text of a built-in definition.
#[must_use]
pub fn preset(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of the built-in definitions.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}
