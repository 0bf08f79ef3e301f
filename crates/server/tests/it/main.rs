//! The server as its page and its builders meet it: real sockets on loopback, real requests.

mod http;
mod live;
mod privacy;
mod support;
