//! Links to files and documents. They open without credentials for a short time, so they are passed on to the caller
//! and neither kept nor shown anywhere else.

use connector_core::{Call, ConnectorError, ErrorCode, Result};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::id::Id;
use crate::client;
use crate::settings::Settings;

/// Which file.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DownloadFile {
    id: Id,
}

/// Which document, and its form.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Download<Format: Default> {
    id: Id,
    #[serde(default)]
    format: Format,
}

/// Forms of an invoice.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) enum InvoiceFormat {
    #[default]
    #[serde(rename = "pdf")]
    Pdf,
    #[serde(rename = "ubl/e-fff")]
    EFff,
    #[serde(rename = "ubl/peppol_bis_3")]
    PeppolBis3,
    #[serde(rename = "ubl/xrechnung")]
    XRechnung,
}

/// Forms of a credit note.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) enum CreditNoteFormat {
    #[default]
    #[serde(rename = "pdf")]
    Pdf,
    #[serde(rename = "ubl/e-fff")]
    EFff,
}

/// Forms of a quotation.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) enum QuotationFormat {
    #[default]
    #[serde(rename = "pdf")]
    Pdf,
}

// No `Debug`: it would show the link.
/// Where the file can be fetched, without credentials, until the link expires.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct DownloadLink {
    location: String,
    /// Documents have it under another name than files.
    #[serde(alias = "expires")]
    #[schemars(with = "Option<Timestamp>")]
    expires_at: Option<String>,
}

pub(crate) async fn download_file(call: Call<Settings>, request: DownloadFile) -> Result<DownloadLink> {
    link(&call, "files.download", &json!(request)).await
}

pub(crate) async fn download_invoice(
    call: Call<Settings>,
    request: Download<InvoiceFormat>,
) -> Result<DownloadLink> {
    link(&call, "invoices.download", &json!(request)).await
}

pub(crate) async fn download_credit_note(
    call: Call<Settings>,
    request: Download<CreditNoteFormat>,
) -> Result<DownloadLink> {
    link(&call, "creditNotes.download", &json!(request)).await
}

pub(crate) async fn download_quotation(
    call: Call<Settings>,
    request: Download<QuotationFormat>,
) -> Result<DownloadLink> {
    link(&call, "quotations.download", &json!(request)).await
}

async fn link(call: &Call<Settings>, operation: &str, body: &Value) -> Result<DownloadLink> {
    let answer = client::object(call, operation, body).await?;
    read(&answer)
}

/// The parser's own words are left out: they may repeat the link.
fn read(answer: &RawValue) -> Result<DownloadLink> {
    serde_json::from_str(answer.get()).map_err(|_| {
        ConnectorError::new(
            ErrorCode::InvalidResponse,
            "Teamleader does not say where the file can be fetched",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_core::schema;

    fn link_of(answer: &str) -> Result<DownloadLink> {
        read(serde_json::from_str(answer).unwrap())
    }

    #[test]
    fn a_link_ends_at_the_same_place_under_both_of_its_names() {
        for name in ["expires", "expires_at"] {
            let link = link_of(&format!(
                r#"{{"location":"https://x.example/f","{name}":"2018-02-05T16:44:33+00:00"}}"#
            ));
            let link = serde_json::to_value(link.ok().unwrap()).unwrap();
            assert_eq!(
                link,
                json!({"location": "https://x.example/f", "expires_at": "2018-02-05T16:44:33+00:00"})
            );
        }
    }

    #[test]
    fn a_link_that_cannot_be_read_is_shown_to_nobody() {
        let error = link_of(r#"{"location":["https://x.example/secret"]}"#).err().unwrap();
        assert_eq!(error.code(), ErrorCode::InvalidResponse);
        assert!(!format!("{error:?}").contains("secret"));
    }

    #[test]
    fn a_document_is_a_pdf_unless_another_form_is_asked_for() {
        let request = |request| schema::typed::<Download<InvoiceFormat>>(request, "/request");
        let sent = |format| json!(request(format).unwrap());
        assert_eq!(sent(json!({"id": "a"})), json!({"id": "a", "format": "pdf"}));
        assert_eq!(sent(json!({"id": "a", "format": "ubl/xrechnung"}))["format"], "ubl/xrechnung");
        let error = request(json!({"id": "a", "format": "docx"})).unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnknownValue);
        assert!(error.message().contains("ubl/peppol_bis_3"), "{error}");
        assert_eq!(request(json!({"id": ""})).unwrap_err().code(), ErrorCode::InvalidValue);
    }
}
