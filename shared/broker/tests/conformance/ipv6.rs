//! A broker at an IPv6 address is the one that is called.

use broker::{Rabbit, RabbitSettings};
use runtime::Runtime;
use tokio::{io::AsyncReadExt, net::TcpListener};

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_at_an_ipv6_address_is_called_there() {
    let listener = TcpListener::bind("[::1]:0").await.unwrap();
    let url = format!("amqp://ada:secret@{}/%2f", listener.local_addr().unwrap());
    let settings = RabbitSettings::new(url.parse().unwrap(), "test", vec![]);
    let _rabbit = Rabbit::open(&Runtime::system(), settings).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"AMQP");
}
