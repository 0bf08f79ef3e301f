//! What a command line may ask of a suite beside what it says.

use super::{Suite, SuiteError};
use crate::protocol::{Protocol, WITHOUT_SHARED_ROWS};
use crate::significance::TestKind;
use crate::table::Comparison;

impl Suite {
    /// Tests everybody against this system in every table, or by this test, or both; what is not asked
    /// for stays.
    ///
    /// # Errors
    /// [`SuiteError::NoSuchSystem`], and [`SuiteError::NothingToTestAgainst`] where a test is asked for
    /// and no system is named anywhere.
    pub fn compare(
        &mut self,
        against: Option<&str>,
        test: Option<TestKind>,
    ) -> Result<(), SuiteError> {
        let own = self.plan.comparison.as_ref();
        if against.is_some() {
            let tables = self.plan.tables.iter_mut();
            tables.for_each(|table| table.against = None);
        }
        let against = against.or(own.map(|own| own.against.as_str()));
        let Some(against) = against.map(str::to_owned) else {
            let is_asked = test.is_some();
            return if is_asked {
                Err(SuiteError::NothingToTestAgainst)
            } else {
                Ok(())
            };
        };
        if !self.systems.iter().any(|system| system.name == against) {
            let names = self.systems.iter().map(|system| system.name.clone());
            return Err(SuiteError::NoSuchSystem {
                found: against,
                expected: names.collect(),
            });
        }
        let test = test.or(own.map(|own| own.test)).unwrap_or_default();
        self.plan.comparison = Some(Comparison { against, test });
        Ok(())
    }

    /// Leaves out everywhere the instances whose rows stand in train too. Tables that the suite has
    /// both ways stand once.
    pub fn drop_shared_rows(&mut self) {
        unshared(&mut self.plan.protocols);
        for system in &mut self.systems {
            unshared(&mut system.protocols);
        }
        let mut tables: Vec<super::TableSpec> = Vec::new();
        for mut table in self.plan.tables.drain(..) {
            if !table.protocol.drops_shared_rows {
                table.protocol = table.protocol.without_shared_rows();
                table.title = format!("{}, {WITHOUT_SHARED_ROWS}", table.title);
            }
            let is_there = |other: &super::TableSpec| {
                (&other.title, other.protocol) == (&table.title, table.protocol)
            };
            if !tables.iter().any(is_there) {
                tables.push(table);
            }
        }
        self.plan.tables = tables;
    }
}

/// Each protocol's form without shared rows, once.
fn unshared(protocols: &mut Vec<&'static Protocol>) {
    let mut seen = Vec::new();
    for protocol in protocols.iter().map(|one| one.without_shared_rows()) {
        if !seen.contains(&protocol) {
            seen.push(protocol);
        }
    }
    *protocols = seen;
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: &str = r#"
name = "mine"
corpus = "corpora/mesc"
protocols = ["published", "spoken", "published-unshared"]

[[system]]
name = "base"
reasoner = "majority"

[[system]]
name = "spoken alone"
reasoner = "constant-sentence"
protocols = ["spoken"]

[[table]]
title = "Words"
protocol = "spoken"
columns = ["bleu_2"]

[[table]]
title = "Labels"
protocol = "published"
columns = ["strategy.accuracy", "printed:f1:F1"]

[[table]]
title = "Labels, without rows shared with train"
protocol = "published-unshared"
columns = ["strategy.accuracy"]
"#;

    fn suite() -> Suite {
        Suite::parse(SUITE, "s.toml").unwrap()
    }

    #[test]
    fn without_shared_rows_every_protocol_is_its_twin_and_no_table_stands_twice() {
        let mut suite = suite();
        suite.drop_shared_rows();
        let names = |protocols: &[&Protocol]| -> Vec<&str> {
            protocols.iter().map(|one| one.name).collect()
        };
        let both = ["published-unshared", "spoken-unshared"];
        assert_eq!(names(&suite.plan.protocols), both);
        assert_eq!(names(&suite.systems[0].protocols), both);
        assert_eq!(names(&suite.systems[1].protocols), ["spoken-unshared"]);
        let tables = suite.plan.tables.iter();
        let tables: Vec<(&str, &str)> = tables
            .map(|table| (table.title.as_str(), table.protocol.name))
            .collect();
        assert_eq!(
            tables,
            [
                ("Words, without rows shared with train", "spoken-unshared"),
                (
                    "Labels, without rows shared with train",
                    "published-unshared"
                ),
            ]
        );
    }

    #[test]
    fn the_test_and_whom_it_is_against_may_be_asked_for() {
        let mut suite = suite();
        suite.compare(None, None).unwrap();
        assert_eq!(suite.plan.comparison, None);
        let error = suite.compare(None, Some(TestKind::Mcnemar)).unwrap_err();
        assert_eq!(error.to_string(), "there is no system to test against");
        let error = suite.compare(Some("bass"), None).unwrap_err();
        assert_eq!(error.to_string(), "no system `bass` to test against");
        suite.compare(Some("base"), None).unwrap();
        suite.compare(None, Some(TestKind::Bootstrap)).unwrap();
        let comparison = suite.plan.comparison.unwrap();
        assert_eq!(comparison.against, "base");
        assert_eq!(comparison.test, TestKind::Bootstrap);
    }
}
