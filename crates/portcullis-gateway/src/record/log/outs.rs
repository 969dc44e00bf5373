//! Where lines go besides the file: syslog (RFC 5424) and OpenTelemetry collectors (OTLP over HTTP, as JSON).
//!
//! Each way has a thread and a bounded queue: one that hangs loses lines of its own and holds up nobody. How
//! many are lost shows in the metrics.

use std::io::{self, Write};
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::otlp::{Collector, attribute, export, nanos};

/// How many lines may wait for one way.
const WAITING: usize = 8192;
/// A connection or an answer is waited for so long.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first and the longest pause after a failure.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Records in one request to a collector.
const BATCH: usize = 512;

/// One way out, as the policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A socket of the local syslog, as `/dev/log`.
    SyslogUnix(PathBuf),
    /// Host and port, a datagram for each line (RFC 5426).
    SyslogUdp(String),
    /// Host and port, counted octets (RFC 6587 section 3.4.1).
    SyslogTcp(String),
    /// The base address of a collector; `/v1/logs` is added.
    Otlp(String),
}

impl Target {
    /// Reads `unix:/dev/log`, `udp://host:514` or `tcp://host:601`.
    #[must_use]
    pub fn syslog(text: &str) -> Option<Self> {
        let with_port =
            |rest: &str| rest.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if let Some(path) = text.strip_prefix("unix:") {
            return path.starts_with('/').then(|| Self::SyslogUnix(path.into()));
        }
        if let Some(rest) = text.strip_prefix("udp://") {
            return with_port(rest).then(|| Self::SyslogUdp(rest.to_owned()));
        }
        let rest = text.strip_prefix("tcp://")?;
        with_port(rest).then(|| Self::SyslogTcp(rest.to_owned()))
    }
}

/// The ways out. Their threads end when the last clone is gone.
#[derive(Clone, Default)]
pub struct Outs {
    queues: Vec<SyncSender<Arc<str>>>,
    lost: Arc<AtomicU64>,
}

impl Outs {
    /// Begins; whether anybody listens there shows later.
    ///
    /// # Errors
    /// When no thread is to be had, or a collector's address is none.
    pub fn open(targets: &[Target]) -> io::Result<Self> {
        let mut outs = Self::default();
        for target in targets {
            let (sender, receiver) = sync_channel(WAITING);
            let lost = outs.lost.clone();
            let name = "event-log-out".to_owned();
            match target.clone() {
                Target::Otlp(url) => {
                    let collector = Collector::new(&url, "/v1/logs")?;
                    std::thread::Builder::new()
                        .name(name)
                        .spawn(move || to_collector(&receiver, &collector, &lost))?;
                }
                syslog => {
                    std::thread::Builder::new()
                        .name(name)
                        .spawn(move || to_syslog(&receiver, &syslog, &lost))?;
                }
            }
            outs.queues.push(sender);
        }
        Ok(outs)
    }

    pub(super) fn send(&self, line: &str) {
        if self.queues.is_empty() {
            return;
        }
        let line: Arc<str> = line.into();
        for queue in &self.queues {
            if queue.try_send(line.clone()).is_err() {
                self.lose(1);
            }
        }
    }

    fn lose(&self, lines: u64) {
        self.lost.fetch_add(lines, Ordering::Relaxed);
        metrics::counter!("portcullis_log_out_lost_total").increment(lines);
    }
}

fn to_syslog(lines: &Receiver<Arc<str>>, target: &Target, lost: &AtomicU64) {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let host = host.filter(|name| !name.is_empty()).unwrap_or_else(|| "-".to_owned());
    let mut open: Option<Syslog> = None;
    let mut pause = FIRST_PAUSE;
    for line in lines {
        let message = syslog_message(&line, &host);
        let mut sent = Ok(());
        for _ in 0..2 {
            if open.is_none() {
                open = Syslog::open(target).ok();
            }
            sent = match &mut open {
                Some(open) => open.send(&message),
                None => Err(io::ErrorKind::NotConnected.into()),
            };
            match &sent {
                Ok(()) => break,
                // The other side has been started anew, perhaps: once more on a fresh connection.
                Err(_) => open = None,
            }
        }
        match sent {
            Ok(()) => pause = FIRST_PAUSE,
            Err(error) => {
                tracing::debug!(%error, "a line did not reach the syslog");
                lost.fetch_add(1, Ordering::Relaxed);
                metrics::counter!("portcullis_log_out_lost_total").increment(1);
                std::thread::sleep(pause);
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            }
        }
    }
}

enum Syslog {
    Unix(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Syslog {
    fn open(target: &Target) -> io::Result<Self> {
        match target {
            Target::SyslogUnix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.set_write_timeout(Some(PATIENCE))?;
                socket.connect(path)?;
                Ok(Self::Unix(socket))
            }
            Target::SyslogUdp(to) => {
                let to = first(to)?;
                let socket = UdpSocket::bind(if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
                socket.connect(to)?;
                Ok(Self::Udp(socket))
            }
            Target::SyslogTcp(to) => {
                let stream = TcpStream::connect_timeout(&first(to)?, PATIENCE)?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(Self::Tcp(stream))
            }
            Target::Otlp(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn send(&mut self, message: &str) -> io::Result<()> {
        match self {
            Self::Unix(socket) => socket.send(message.as_bytes()).map(|_| ()),
            Self::Udp(socket) => socket.send(message.as_bytes()).map(|_| ()),
            Self::Tcp(stream) => stream.write_all(format!("{} {message}", message.len()).as_bytes()),
        }
    }
}

fn first(to: &str) -> io::Result<std::net::SocketAddr> {
    to.to_socket_addrs()?.next().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

/// RFC 5424 section 6: facility local0, the event's own severity and time, its name as MSGID.
fn syslog_message(line: &str, host: &str) -> String {
    let event: Value = serde_json::from_str(line).unwrap_or_default();
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let severity = match text("severity_text") {
        Some("ERROR") => 3,
        Some("WARN") => 4,
        _ => 6,
    };
    let priority = 16 * 8 + severity;
    let name = text("event.name").unwrap_or("-").get(..32).or(text("event.name")).unwrap_or("-");
    let time = text("timestamp").unwrap_or("-");
    format!("<{priority}>1 {time} {host} portcullis {} {name} - {line}", std::process::id())
}

fn to_collector(lines: &Receiver<Arc<str>>, collector: &Collector, lost: &AtomicU64) {
    let mut pause = FIRST_PAUSE;
    let mut waiting: Vec<Arc<str>> = Vec::new();
    loop {
        match lines.recv_timeout(Duration::from_millis(500)) {
            Ok(line) => {
                waiting.push(line);
                while waiting.len() < BATCH
                    && let Ok(line) = lines.try_recv()
                {
                    waiting.push(line);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) if waiting.is_empty() => return,
            Err(RecvTimeoutError::Disconnected) => {
                let _ = collector.post(&logs(&waiting));
                return;
            }
        }
        if waiting.is_empty() {
            continue;
        }
        match collector.post(&logs(&waiting)) {
            Ok(()) => {
                waiting.clear();
                pause = FIRST_PAUSE;
            }
            Err(error) => {
                tracing::debug!(%error, "events did not reach the collector; trying again");
                // What waits is kept up to a batch; the queue behind it is bounded.
                if waiting.len() >= BATCH && pause >= LONGEST_PAUSE {
                    lost.fetch_add(u64::try_from(waiting.len()).unwrap_or(0), Ordering::Relaxed);
                    metrics::counter!("portcullis_log_out_lost_total")
                        .increment(u64::try_from(waiting.len()).unwrap_or(0));
                    waiting.clear();
                }
                std::thread::sleep(pause);
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// OTLP logs, JSON encoding: opentelemetry-proto 1.x, `ExportLogsServiceRequest`.
fn logs(lines: &[Arc<str>]) -> Value {
    let records: Vec<Value> = lines.iter().filter_map(|line| record(line)).collect();
    export(["resourceLogs", "scopeLogs", "logRecords"], records)
}

fn record(line: &str) -> Option<Value> {
    let event: Value = serde_json::from_str(line).ok()?;
    let members = event.as_object()?;
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    let own = ["timestamp", "severity_text", "portcullis.sentence", "event.name"];
    let attributes: Vec<Value> = members
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .map(|(name, value)| attribute(name, value))
        .collect();
    let severity = match text("severity_text") {
        "ERROR" => 17,
        "WARN" => 13,
        _ => 9,
    };
    Some(json!({
        "timeUnixNano": nanos(text("timestamp")).to_string(),
        "severityNumber": severity,
        "severityText": text("severity_text"),
        "eventName": text("event.name"),
        "body": { "stringValue": text("portcullis.sentence") },
        "attributes": attributes,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"portcullis.sequence":7,"timestamp":"2026-11-24T02:00:00.500Z","event.name":"portcullis.refused","severity_text":"WARN","portcullis.sentence":"another site sent it"}"#;

    #[test]
    fn a_line_is_a_syslog_message_of_rfc_5424() {
        let message = syslog_message(LINE, "gate.example");
        let begin = format!(
            "<132>1 2026-11-24T02:00:00.500Z gate.example portcullis {} portcullis.refused - {{\"portcullis",
            std::process::id()
        );
        assert!(message.starts_with(&begin), "{message}");
    }

    #[test]
    fn a_line_is_a_log_record_of_otlp() {
        let record = record(LINE).unwrap();
        assert_eq!(record["timeUnixNano"], "1795485600500000000");
        assert_eq!(record["severityNumber"], 13);
        assert_eq!(record["eventName"], "portcullis.refused");
        assert_eq!(record["body"]["stringValue"], "another site sent it");
        assert_eq!(
            record["attributes"][0],
            json!({ "key": "portcullis.sequence", "value": { "intValue": "7" } })
        );
    }

    #[test]
    fn only_what_can_be_sent_to_is_a_target() {
        assert_eq!(Target::syslog("unix:/dev/log"), Some(Target::SyslogUnix("/dev/log".into())));
        assert_eq!(
            Target::syslog("udp://127.0.0.1:514"),
            Some(Target::SyslogUdp("127.0.0.1:514".to_owned()))
        );
        for wrong in ["127.0.0.1:514", "udp://127.0.0.1", "unix:log", "tcp://:x"] {
            assert_eq!(Target::syslog(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lines_reach_a_syslog_by_each_way() {
        let folder = crate::testing::folder("syslog");
        let unix = UnixDatagram::bind(folder.join("log")).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        for wait in [unix.set_read_timeout(Some(PATIENCE)), udp.set_read_timeout(Some(PATIENCE))] {
            wait.unwrap();
        }
        let outs = Outs::open(&[
            Target::SyslogUnix(folder.join("log")),
            Target::SyslogUdp(udp.local_addr().unwrap().to_string()),
            Target::SyslogTcp(tcp.local_addr().unwrap().to_string()),
        ])
        .unwrap();
        outs.send(LINE);
        let mut buffer = [0; 4096];
        let length = unix.recv(&mut buffer).unwrap();
        assert!(buffer[..length].starts_with(b"<132>1 "));
        let length = udp.recv(&mut buffer).unwrap();
        assert!(buffer[..length].ends_with(b"sent it\"}"));
        let (mut stream, _) = tcp.accept().unwrap();
        drop(outs);
        let mut text = String::new();
        io::Read::read_to_string(&mut stream, &mut text).unwrap();
        let (count, message) = text.split_once(' ').unwrap();
        assert_eq!(count.parse::<usize>().unwrap(), message.len());
    }

    #[test]
    fn lines_reach_a_collector_and_wait_for_one_that_fails() {
        use std::io::{BufRead, BufReader, Read};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let outs = Outs::open(&[Target::Otlp(format!("http://{}", listener.local_addr().unwrap()))]).unwrap();
        outs.send(LINE);
        // The first answer is a failure: the same lines come again.
        for status in ["503 Busy", "200 OK"] {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut reader = BufReader::new(stream);
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line == "\r\n" {
                    break;
                }
                head.push_str(&line);
            }
            assert!(head.starts_with("POST /v1/logs HTTP/1.1\r\n"), "{head}");
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let sent: Value = serde_json::from_slice(&body).unwrap();
            let records = &sent["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
            assert_eq!(records[0]["eventName"], "portcullis.refused", "{sent}");
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}");
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    }
}
