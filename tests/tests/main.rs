//! The whole system, one file for each subject: the real binary, the sandbox over HTTP, both databases.

/// Makes one test for each store out of functions that take one.
macro_rules! on_both_stores {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[test]
                fn $name() {
                    super::$name(system_tests::store::Kind::Sqlite);
                }
            )+
        }

        mod postgres {
            $(
                #[test]
                fn $name() {
                    super::$name(system_tests::store::Kind::Postgres);
                }
            )+
        }
    };
}

mod bad_input;
mod book;
mod broker;
mod changes;
mod contract;
mod custom_field_views;
mod databases;
mod deletes;
mod demo;
mod details_and_children;
mod documents;
mod every_stream;
mod export;
mod faults;
mod faults_and_verify;
mod first_sync;
mod info;
mod interruption;
mod load;
mod login;
mod lumos;
mod modules;
mod oauth;
mod odd_data;
mod older_tool;
mod output;
mod page;
mod reference;
mod runs;
mod scaffold;
mod schedules;
mod secrets;
mod serve;
mod tokens;
mod traces;
mod vault;
mod webhooks;
