//! Fixtures, tolerances and the golden loader. A dev-dependency only.
//!
//! The fixtures are invented: five dialogues in the published shapes of MESC (csv and fused json),
//! and a few of MELD and ESConv, with one of each anomaly the importers know. [`HubServer`] stands in
//! for a Hugging Face hub, [`EndpointServer`] for a server of models.

#![allow(
    clippy::missing_panics_doc,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test support: it tells what is skipped and fails loudly"
)]

mod close;
mod data;
mod endpoint_server;
mod fixtures;
mod hub_server;

pub use close::assert_close;
pub use data::shared_data;
pub use endpoint_server::{EndpointServer, completion};
pub use fixtures::{corpus_folder, dialogues, fixture, temp_folder};
pub use hub_server::{HubServer, etag};
