//! What an app is for, in words that agents sort by.

use serde::Serialize;

/// What an app is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Category {
    /// Bookkeeping, invoices, expenses, banking.
    AccountingAndFinance,
    /// Work done together: projects, tasks, shared documents.
    Collaboration,
    /// Shops, and places where others sell.
    CommerceAndMarketplaces,
    /// Mail, chat, telephone, meetings.
    Communication,
    /// What is published, and where it is.
    ContentAndSocialMedia,
    /// Drawings, prototypes, pictures, films.
    DesignAndCreativity,
    /// Code, builds, deployments and what watches over them.
    Developers,
    /// Connectors that are not for everybody yet.
    EarlyAccess,
    /// Employees, applicants, pay, courses.
    HrAndLearning,
    /// Apps that a company wrote for itself.
    Internal,
    /// Identities, devices, networks and their protection.
    ItAndSecurity,
    /// Campaigns, and figures about those who see them.
    MarketingAndAnalytics,
    /// Rooms, visitors, contracts, signatures.
    OfficeAndLegal,
    /// What none of the others fits.
    Other,
    /// Customers before and after they buy: deals, quotations, tickets.
    SalesAndSupport,
}
