//! TXT records of e-mail domains (RFC 1035): the proof that a domain is whose it is said to be.
//!
//! Each look asks anew and keeps nothing: a record that was just written is found, and one that is
//! gone is missed. Only an answer that the name or its TXT records do not exist counts as "not
//! there"; silence and faults do not.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RData;

use crate::domain::domain_name::Record;

/// How long one server may take, in seconds.
pub const ATTEMPT_S: u64 = 3;
/// How often a server is asked.
pub const ATTEMPTS: usize = 2;
/// How long a look may take in all, in seconds.
pub const TOTAL_S: u64 = 10;
/// TXT records of one name that are looked at.
pub const RECORDS_MAX: usize = 100;

/// Looks TXT records up, at one server or at the system's.
#[derive(Clone, Copy, Debug)]
pub struct Dns {
    server: Option<SocketAddr>,
}

impl Dns {
    /// Asks this server; the system's unless one is named.
    #[must_use]
    pub const fn new(server: Option<SocketAddr>) -> Self {
        Self { server }
    }

    /// Whether a name has a TXT record with this very value.
    pub async fn record(&self, name: &str, value: &str) -> Record {
        let looked = tokio::time::timeout(Duration::from_secs(TOTAL_S), self.values(name)).await;
        match looked {
            Ok(Ok(values)) if values.iter().any(|found| found == value.as_bytes()) => Record::There,
            Ok(Ok(_)) => Record::NotThere,
            Ok(Err(error)) => judge(&error),
            Err(_) => Record::Unknown,
        }
    }

    /// The TXT records of a name, each as one text.
    async fn values(&self, name: &str) -> Result<Vec<Vec<u8>>, NetError> {
        // The last dot keeps the search list of the machine out.
        let found = self.resolver()?.txt_lookup(format!("{name}.")).await?;
        let text = |data: &RData| match data {
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        };
        let answers = found.answers().iter().take(RECORDS_MAX);
        Ok(answers.filter_map(|answer| text(&answer.data)).collect())
    }

    fn resolver(&self) -> Result<TokioResolver, NetError> {
        let mut builder = match self.server {
            None => TokioResolver::builder_tokio()?,
            Some(server) => {
                let mut known = NameServerConfig::udp_and_tcp(server.ip());
                for connection in &mut known.connections {
                    connection.port = server.port();
                }
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![known]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        options.timeout = Duration::from_secs(ATTEMPT_S);
        options.attempts = ATTEMPTS;
        options.cache_size = 0;
        builder.build()
    }
}

/// What an error says of a record: only "there is no such name", or "it has no TXT", says anything.
fn judge(error: &NetError) -> Record {
    let NetError::Dns(DnsError::NoRecordsFound(none)) = error else { return Record::Unknown };
    match none.response_code {
        ResponseCode::NXDomain | ResponseCode::NoError => Record::NotThere,
        _ => Record::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_is_silent_says_nothing() {
        let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let dns = Dns::new(Some(silent.local_addr().unwrap()));
        assert_eq!(dns.record("_portico-challenge.acme.example", "x").await, Record::Unknown);
    }
}
