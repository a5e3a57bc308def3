pub mod networks;
pub mod http;
