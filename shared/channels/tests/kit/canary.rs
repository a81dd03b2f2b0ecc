//! Everything that is logged, by anybody, while a test runs on its thread.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing_subscriber::{
    fmt::{MakeWriter, format::FmtSpan},
    util::SubscriberInitExt,
};

/// Collects log lines and spans of every level and every library. Ends when dropped.
pub struct Canary {
    text: Lines,
    _guard: tracing::subscriber::DefaultGuard,
    /// With one listener alone, what another thread's test logs first is switched off for all.
    _second: tracing::Dispatch,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Canary {
    pub fn listen() -> Self {
        let text = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(text.clone())
            .finish();
        let guard = subscriber.set_default();
        Self { text, _guard: guard, _second: tracing::Dispatch::new(tracing_subscriber::registry()) }
    }

    /// What was said so far.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.text.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
