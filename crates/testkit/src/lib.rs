//! Fixtures, tolerances and the golden loader. A dev-dependency only.
