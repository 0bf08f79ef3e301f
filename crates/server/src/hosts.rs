//! Which names a request may call this server by.
//!
//! Any web page can point a name of its own at this machine and then talk to the server as if it
//! were that page's own (DNS rebinding). So a request must name an address, which nobody can
//! point elsewhere, or a name that whoever runs the server has given.

use std::net::IpAddr;

use axum::http::uri::Authority;

/// The hosts that requests may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    is_loopback_only: bool,
    names: Vec<String>,
}

impl Hosts {
    /// This machine alone: `localhost` and its loopback addresses.
    pub const fn loopback() -> Self {
        Self {
            is_loopback_only: true,
            names: Vec::new(),
        }
    }

    /// Any address, `localhost`, and these names.
    pub fn named(names: impl IntoIterator<Item = String>) -> Self {
        Self {
            is_loopback_only: false,
            names: names
                .into_iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
        }
    }

    /// Whether a `Host` header, with or without a port, is one of them.
    pub(crate) fn allow(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else {
            return false;
        };
        let name = authority.host().to_ascii_lowercase();
        if name == "localhost" {
            return true;
        }
        let address: Result<IpAddr, _> = name.trim_matches(['[', ']']).parse();
        match address {
            Ok(address) => address.is_loopback() || !self.is_loopback_only,
            Err(_) => self.names.contains(&name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_loopback_only_this_machine_is_meant() {
        let hosts = Hosts::loopback();
        for own in ["127.0.0.1:8420", "localhost", "[::1]:8420", "LOCALHOST:1"] {
            assert!(hosts.allow(own), "{own}");
        }
        for foreign in [
            "evil.example:8420",
            "192.0.2.7:8420",
            "",
            "a b",
            "localhost.evil.example",
        ] {
            assert!(!hosts.allow(foreign), "{foreign}");
        }
    }

    #[test]
    fn on_a_network_addresses_and_given_names_are_meant_and_no_others() {
        let hosts = Hosts::named(["Talk.example.org".to_owned()]);
        for own in [
            "192.0.2.7:8420",
            "[2001:db8::1]:80",
            "talk.example.org",
            "TALK.example.org:443",
        ] {
            assert!(hosts.allow(own), "{own}");
        }
        for foreign in [
            "evil.example",
            "talk.example.org.evil.example",
            "example.org",
        ] {
            assert!(!hosts.allow(foreign), "{foreign}");
        }
    }
}
