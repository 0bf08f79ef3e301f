//! Tests of the crisis protocol.
