//! Where answers are written: the API's JSON as it came, or words.

use std::io::{self, IsTerminal, Write};

use super::{text, trouble::Trouble};

/// The command's two streams.
pub(crate) struct Out {
    json: bool,
    terminal: bool,
    answer: Box<dyn Write + Send>,
    remarks: Box<dyn Write + Send>,
}

impl Out {
    /// The process's own.
    pub fn standard(json: bool) -> Self {
        let terminal = io::stderr().is_terminal() && io::stdout().is_terminal();
        Self { json, terminal, answer: Box::new(io::stdout()), remarks: Box::new(io::stderr()) }
    }

    /// Two streams of a test.
    #[cfg(test)]
    pub fn to(json: bool, answer: impl Write + Send + 'static, remarks: impl Write + Send + 'static) -> Self {
        Self { json, terminal: false, answer: Box::new(answer), remarks: Box::new(remarks) }
    }

    /// Whether answers are wanted as JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether somebody watches.
    pub fn is_watched(&self) -> bool {
        self.terminal && !self.json
    }

    /// The answer: `raw` as it came, or what `words` make of it.
    pub fn answer(&mut self, raw: &str, words: impl FnOnce() -> String) -> io::Result<()> {
        let text = if self.json { raw.to_owned() } else { words() };
        write_line(&mut self.answer, &text)
    }

    /// Something on the way, for people only.
    pub fn remark(&mut self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { write_line(&mut self.remarks, text) }
    }

    /// Why the command was not done. With `--json`, oncepost's own words go where answers go.
    pub fn trouble(&mut self, trouble: &Trouble) {
        let told = match trouble {
            Trouble::Refused { raw, .. } if self.json => write_line(&mut self.answer, raw),
            _ => write_line(&mut self.remarks, &text::trouble::told(trouble)),
        };
        // Nobody listens: the exit code is all that is left to say it.
        drop(told);
    }
}

fn write_line(to: &mut dyn Write, text: &str) -> io::Result<()> {
    let written = writeln!(to, "{}", text.trim_end()).and_then(|()| to.flush());
    match written {
        // `oncepost posts | head` is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
