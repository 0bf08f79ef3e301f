//! Tests of the response bank.
