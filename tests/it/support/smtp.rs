//! A mail server that answers as the test says and keeps what it took.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use allin::clients::mail::Mailer;
use secrecy::SecretString;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// What happens to a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    Take,
    /// Refused for now.
    Busy,
    /// Nobody of that name here.
    Unknown,
    /// Refused before anything is said.
    TurnedAway,
    /// Taken, and the connection breaks before the answer.
    TakeAndBreak,
}

#[derive(Default)]
struct Plan {
    replies: VecDeque<Reply>,
    taken: Vec<String>,
    connections: usize,
}

#[derive(Clone, Default)]
pub struct Smtp(Arc<Mutex<Plan>>);

impl Smtp {
    /// Starts it, and says how to send through it.
    pub async fn start() -> (Self, Mailer) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let server = Self::default();
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = accepting.clone();
                tokio::spawn(async move { server.serve(client).await });
            }
        });
        (server, Mailer::new(&SecretString::from(url), "AllIN <allin@example.com>").unwrap())
    }

    /// What happens to the next mails; later ones are taken.
    pub fn replies(&self, replies: impl IntoIterator<Item = Reply>) {
        self.0.lock().unwrap().replies = replies.into_iter().collect();
    }

    /// Every mail that was taken, headers and text, with line feeds only.
    pub fn taken(&self) -> Vec<String> {
        self.0.lock().unwrap().taken.clone()
    }

    pub fn connections(&self) -> usize {
        self.0.lock().unwrap().connections
    }

    async fn serve(&self, client: TcpStream) {
        let reply = {
            let mut plan = self.0.lock().unwrap();
            plan.connections += 1;
            plan.replies.pop_front().unwrap_or(Reply::Take)
        };
        let (reading, mut writing) = client.into_split();
        let mut lines = BufReader::new(reading).lines();
        if reply == Reply::TurnedAway {
            _ = writing.write_all(b"554 5.3.2 no mail now\r\n").await;
            return;
        }
        _ = writing.write_all(b"220 test\r\n").await;
        while let Ok(Some(line)) = lines.next_line().await {
            let answer: &[u8] = match line.split(' ').next().unwrap_or_default() {
                "EHLO" => b"250-test\r\n250 8BITMIME\r\n",
                "RCPT" if reply == Reply::Unknown => b"550 5.1.1 no such mailbox\r\n",
                "RCPT" if reply == Reply::Busy => b"451 4.3.2 try again later\r\n",
                "DATA" => {
                    _ = writing.write_all(b"354 go on\r\n").await;
                    let mut mail = String::new();
                    while let Ok(Some(line)) = lines.next_line().await {
                        if line == "." {
                            break;
                        }
                        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                        mail.push('\n');
                    }
                    self.0.lock().unwrap().taken.push(mail);
                    if reply == Reply::TakeAndBreak {
                        return;
                    }
                    b"250 taken\r\n"
                }
                "QUIT" => b"221 bye\r\n",
                _ => b"250 fine\r\n",
            };
            if writing.write_all(answer).await.is_err() {
                return;
            }
        }
    }
}

/// A header of a mail.
pub fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let prefix = format!("{name}: ");
    mail.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_else(|| panic!("no {name} in {mail}"))
}
