//! The program `tl-connector`: the connector behind the command line, with its sandbox.

use std::process::ExitCode;

use connector_cli::{CommandLine, RunningSandbox, Sandbox, SandboxOptions};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use teamleader_sandbox::Options;

fn main() -> ExitCode {
    CommandLine::new("tl-connector", teamleader::integration).sandbox(TeamleaderSandbox).run()
}

struct TeamleaderSandbox;

impl Sandbox for TeamleaderSandbox {
    fn start(&self, options: SandboxOptions) -> BoxFuture<'_, std::io::Result<Box<dyn RunningSandbox>>> {
        Box::pin(async move {
            let limit = (options.requests_per_minute > 0).then_some(options.requests_per_minute);
            let options = Options::default()
                .port(options.port)
                .records(options.records)
                .only(options.only)
                .requests_per_minute(limit);
            let sandbox = teamleader_sandbox::Sandbox::start(options).await?;
            Ok(Box::new(Running { sandbox, is_limited: limit.is_some() }) as Box<dyn RunningSandbox>)
        })
    }

    fn queries(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (
                "What each customer was invoiced",
                "SELECT c.name, count(*) AS invoices, round(sum(json_extract(i.total, '$.tax_exclusive.amount')), 2) AS total\n\
                 FROM invoices i JOIN companies c ON c.id = json_extract(i.invoicee, '$.customer.id')\n\
                 GROUP BY c.id ORDER BY total DESC LIMIT 10;",
            ),
            (
                "Who won how much",
                "SELECT u.first_name, count(*) AS deals, round(sum(d.estimated_value_amount)) AS value\n\
                 FROM deals d JOIN users u ON u.id = d.responsible_user_id\n\
                 WHERE d.status = 'won' GROUP BY u.id ORDER BY value DESC;",
            ),
            (
                "Custom fields as columns",
                "SELECT name, nieuwsbrief, date, budget FROM companies_with_custom_fields\n\
                 WHERE budget IS NOT NULL LIMIT 10;",
            ),
            (
                "What is gone",
                "SELECT order_number, name, _deleted_at FROM orders WHERE _deleted_at IS NOT NULL;",
            ),
        ]
    }
}

struct Running {
    sandbox: teamleader_sandbox::Sandbox,
    is_limited: bool,
}

impl RunningSandbox for Running {
    fn settings(&self) -> Map<String, Value> {
        let url = self.sandbox.url();
        let mut settings = json!({
            "api_url": url,
            "auth_url": url,
            "client_id": self.sandbox.client_id(),
            "client_secret": self.sandbox.client_secret(),
        });
        if !self.is_limited {
            // Whoever lifts the limit there does not want to be held up by the same limit here.
            settings["requests_per_minute"] = 0.into();
        }
        settings.as_object().cloned().unwrap_or_default()
    }

    fn change(&self) -> Vec<String> {
        let control = self.sandbox.control();
        let id = |resource: &str, position: usize| -> Option<String> {
            Some(control.records(resource).ok()?.get(position)?["id"].as_str()?.to_owned())
        };
        let mut changes = Vec::new();
        let renamed = id("companies", 3)
            .and_then(|id| control.update("companies", &id, json!({"name": "Zürich & Søn"})).ok());
        if renamed.is_some() {
            changes.push("a company is renamed to Zürich & Søn".to_owned());
        }
        let won = id("deals", 0).and_then(|id| control.update("deals", &id, json!({"status": "won"})).ok());
        if won.is_some() {
            changes.push("a deal is won".to_owned());
        }
        if control.insert("contacts", json!({"first_name": "Ada", "last_name": "Lovelace"})).is_ok() {
            changes.push("Ada Lovelace becomes a contact".to_owned());
        }
        if id("orders", 1).is_some_and(|id| control.delete("orders", &id).is_ok()) {
            changes.push("an order is deleted".to_owned());
        }
        changes
    }

    fn stop(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(self.sandbox.stop())
    }
}
