//! How texts in two languages are declared.

/// Declares a struct of texts, with one value for each language.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($field:ident: $english:literal, $dutch:literal;)* }) => {
        $(#[$about])*
        pub(in crate::report::html) struct $name { $(pub $field: &'static str),* }

        impl $name {
            /// The texts in a language.
            pub const fn of(language: crate::render::words::Language) -> &'static Self {
                match language {
                    crate::render::words::Language::English => &Self { $($field: $english),* },
                    crate::render::words::Language::Dutch => &Self { $($field: $dutch),* },
                }
            }

            /// For tests: name, English, Dutch.
            #[cfg(test)]
            pub const ALL: &[(&'static str, &'static str, &'static str)] = &[$((stringify!($field), $english, $dutch)),*];
        }
    };
}
pub(super) use words;
