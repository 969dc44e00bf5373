//! The proxy end to end, over real sockets.
