//! What an app is for, in words that agents sort by.

use serde::Serialize;

/// What an app is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Category {
    AccountingAndFinance,
    Collaboration,
    CommerceAndMarketplaces,
    Communication,
    ContentAndSocialMedia,
    DesignAndCreativity,
    Developers,
    EarlyAccess,
    HrAndLearning,
    Internal,
    ItAndSecurity,
    MarketingAndAnalytics,
    OfficeAndLegal,
    Other,
    SalesAndSupport,
}
