//! The fields of a registration, after the Algorithm Register Metadata Standard, version 0.3.1 (github.com/Algoritmeregister/standard).

use crate::render::words::Language;

/// The version of the standard.
pub const STANDARD: &str = "0.3.1";

/// A field: its attribute, whether the standard requires it, and its names in English and in Dutch.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in JSON.
    pub attribute: &'static str,
    /// Whether the standard requires it.
    pub is_required: bool,
    english: &'static str,
    dutch: &'static str,
}

impl Field {
    /// Returns its name for people.
    pub const fn name(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Dutch => self.dutch,
        }
    }
}

const fn required(attribute: &'static str, english: &'static str, dutch: &'static str) -> Field {
    Field { attribute, is_required: true, english, dutch }
}

const fn optional(attribute: &'static str, english: &'static str, dutch: &'static str) -> Field {
    Field { attribute, is_required: false, english, dutch }
}

/// Every field, in the order of the standard.
pub const FIELDS: [Field; 44] = [
    required("name", "Name", "Naam"),
    required("description_short", "Short description", "Korte omschrijving"),
    required("organization", "Responsible organization", "Verantwoordelijke organisatie"),
    required("department", "Department", "Afdeling"),
    required("contact_email", "Contact e-mail", "Contact e-mailadres"),
    optional("contact_phone", "Contact phone number", "Contact telefoonnummer"),
    optional("contact_name", "Contact name", "Contact naam"),
    required("area", "Geographical area", "Geografisch gebied"),
    required("domain", "Domain", "Domein"),
    optional("website", "Website", "Website"),
    required("status", "Status", "Status"),
    optional("remark", "Remark", "Opmerking"),
    required("decision_making_process", "Decision-making process", "Besluitvormingsproces"),
    required("goal", "Goals", "Doelen"),
    required("impact", "Impact", "Impact"),
    required("risks", "Risks", "Risico's"),
    required("risk_category", "Risk category", "Risicocategorie"),
    required("proportionality", "Proportionality", "Proportionaliteit"),
    required("lawful_basis", "Lawful basis", "Wettelijke grondslag"),
    optional("documentation", "More information", "Meer informatie"),
    required("training_data", "Training data", "Training data"),
    required("source_data", "Source data", "Brondata"),
    optional("data_bias", "Data bias", "Data bias"),
    required("connected_data_sources", "Connections to data sources", "Aangesloten databronnen"),
    optional("DPIA_description", "Description of the DPIA", "Omschrijving van de DPIA"),
    optional("DPIA_url", "DPIA URL", "URL van de DPIA"),
    required("algorithm_type", "Type of algorithm", "Type algoritme"),
    required("description", "Explanation", "Uitleg"),
    optional("methods_and_models", "Methods and models", "Methoden en modellen"),
    optional("performance", "Algorithm performance", "Prestaties van het algoritme"),
    optional("alternatives_considered", "Considered alternatives", "Overwogen alternatieven"),
    optional("product_information", "Central registration URL", "URL van de centrale registratie"),
    optional("codebase_url", "Source code URL", "URL van de broncode"),
    optional("product_page", "Product page URL", "URL van de productpagina"),
    optional("AIA_description", "Algorithm impact assessment", "Algoritme impact assessment"),
    optional("AIA_url", "Algorithm impact assessment URL", "URL van de algoritme impact assessment"),
    required("monitoring", "Performance monitoring", "Prestatiemonitoring"),
    required("type", "Type of use of the algorithm", "Type gebruik van het algoritme"),
    required("human_intervention", "Human intervention", "Menselijke tussenkomst"),
    required("objection_procedure", "Objection procedure", "Bezwaarprocedure"),
    optional("rollback", "Rollback", "Terugdraaien"),
    required("standard_version", "Version of the standard used", "Gebruikte versie van de standaard"),
    optional("uuid", "Unique identifier", "Unieke identificatie"),
    required("lang", "Language", "Taal"),
];

/// What else the standard has: only whoever publishes the registration knows it.
pub const OF_PUBLISHING: [Field; 5] = [
    required("publication_date", "Publication date", "Publicatiedatum"),
    required("last_change_date", "Last change date", "Datum laatste wijziging"),
    required("revision_date", "Revision date", "Herzieningsdatum"),
    optional("revision_note", "Revision date note", "Aantekening bij herzieningsdatum"),
    optional("keywords", "Keywords", "Kernwoorden"),
];
