//! A list on a terminal, which the next one replaces.

use std::os::fd::AsFd as _;

use anyhow::Result;
use rustix::termios::tcgetwinsize;

use super::Rows;
use super::live::Shape;
use super::order::Key;
use crate::output::stdout::Stdout;
use crate::output::width::fit;

/// Lines of a terminal that does not know how many it has.
const LINES: usize = 24;

impl Rows<'_> {
    /// Leaves the last list on the screen, and the cursor below it.
    ///
    /// # Errors
    ///
    /// The terminal does not take it.
    pub(crate) fn leave(&mut self) -> Result<()> {
        match &self.list {
            Some(list) if list.shape == Shape::Screen && list.is_begun => self.output.say(""),
            _ => Ok(()),
        }
    }

    /// Draws `held` over the last list: what does not fit is counted in the last line. `count` is the
    /// number of all rows.
    ///
    /// A line is cleared before it is written: a cursor behind the last column clears that column.
    pub(super) fn draw(&self, held: Vec<(Key, Vec<u8>)>, count: usize) -> Result<()> {
        let Some(list) = &self.list else {
            return Ok(());
        };
        self.title(list.columns);
        let mut stdout = self.output.stdout.borrow_mut();
        let (height, width) = (height(&stdout), stdout.width());
        let title = std::mem::take(stdout.buffer());
        if !list.is_begun {
            // what is on the screen moves up, and stays readable
            stdout.buffer().resize(height - 1, b'\n');
        }
        let room = height - 1;
        let (lines, shown) = fitting(&held, count, room);
        let more = Some(count - shown).filter(|more| *more > 0 && room > 0);
        let mut below = lines.len() + usize::from(more.is_some());
        // the last line clears all that is below it, too
        let mut begin = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(if below > 0 { b"\x1b[K" } else { b"\x1b[J" });
            below = below.saturating_sub(1);
        };
        stdout.buffer().extend_from_slice(b"\x1b[H");
        begin(stdout.buffer());
        stdout.buffer().extend_from_slice(title.trim_ascii_end());
        for line in lines {
            stdout.buffer().push(b'\n');
            begin(stdout.buffer());
            stdout.buffer().extend_from_slice(line.trim_ascii_end());
        }
        for _ in 0..shown {
            stdout.end_event()?;
        }
        if let Some(more) = more {
            stdout.buffer().push(b'\n');
            begin(stdout.buffer());
            let start = stdout.buffer().len();
            let text = format!("{more} more");
            stdout.buffer().extend_from_slice(text.as_bytes());
            fit(stdout.buffer(), start, width.unwrap_or(usize::MAX));
        }
        stdout.end_document();
        Ok(())
    }
}

/// The lines of the first rows that fit in `room`, and the number of these rows. Of `count` rows, if these
/// are more, the last line is to say how many.
fn fitting(held: &[(Key, Vec<u8>)], count: usize, room: usize) -> (Vec<&[u8]>, usize) {
    let rows = held
        .iter()
        .map(|(_, row)| row.trim_ascii_end().split(|byte| *byte == b'\n'));
    let mut fit = Vec::new();
    let mut all = Vec::new();
    for row in rows {
        all.extend(row);
        fit.push(all.len());
    }
    if fit.len() == count && all.len() <= room {
        return (all, count);
    }
    let room = room.saturating_sub(1);
    let shown = fit.iter().take_while(|end| **end <= room).count();
    // of a row that is higher than the screen, its first lines
    let is_cut = shown == 0 && room > 0 && !fit.is_empty();
    all.truncate(if is_cut {
        room
    } else {
        fit[..shown].last().copied().unwrap_or(0)
    });
    (all, shown + usize::from(is_cut))
}

/// Lines of the terminal.
pub(super) fn height(stdout: &Stdout) -> usize {
    let height = tcgetwinsize(stdout.as_fd()).map_or(0, |size| size.ws_row.into());
    if height > 0 { height } else { LINES }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::num::{NonZero, NonZeroU16};
    use std::os::fd::OwnedFd;
    use std::rc::Rc;

    use anyhow::Context as _;
    use clap::{ColorChoice, Parser as _};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcsetwinsize};

    use super::*;
    use crate::output::{
        Columns, Document, Field, Fields, FileOptions, Format, Line, List, Output, OutputFile, Row,
    };
    use crate::run::Signals;

    struct Sample(u64);

    impl Row for Sample {
        const COLUMNS: Columns = &[("NUMBER", 6), ("TEXT", 0)];
        const DOCUMENTS: &'static [Document] = &[Document {
            kind: "sample",
            about: "",
            fields: &[Field::number("number", "")],
        }];

        fn write(&self, line: &mut Line<'_>) {
            line.number(self.0);
            line.text(b"0123456789abcdef");
        }

        fn fields(&self, fields: &mut Fields<'_>) {
            fields.number("number", self.0);
        }
    }

    #[derive(clap::Parser)]
    struct Args {
        #[command(flatten)]
        file: FileOptions,
    }

    /// A terminal and what it shows.
    struct Screen {
        ours: OwnedFd,
        shown: vt100::Parser,
    }

    impl Screen {
        fn new(lines: u16, columns: u16) -> Result<(Self, OutputFile)> {
            let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
            grantpt(&ours).and_then(|()| unlockpt(&ours))?;
            let path = ptsname(&ours, Vec::new())?.into_string()?;
            let mut screen = Self {
                ours,
                shown: vt100::Parser::new(NonZeroU16::MIN, NonZeroU16::MIN, 100),
            };
            screen.resize(lines, columns)?;
            let to_it = Args::parse_from(["", "--output-file", path.as_str()]);
            let file = to_it.file.open(0)?.context("a file is given")?;
            Ok((screen, file))
        }

        fn resize(&mut self, lines: u16, columns: u16) -> Result<()> {
            let [rows, cells] = [lines, columns].map(|it| NonZero::new(it).expect("not 0"));
            self.shown.screen_mut().set_size(rows, cells);
            let size = Winsize {
                ws_row: lines,
                ws_col: columns,
                ws_xpixel: 0,
                ws_ypixel: 0,
            };
            Ok(tcsetwinsize(&self.ours, size)?)
        }

        /// What it shows after all that was written.
        fn lines(&mut self) -> Result<Vec<String>> {
            let mut bytes = [0; 64 << 10];
            let length = File::from(self.ours.try_clone()?).read(&mut bytes)?;
            self.shown.process(&bytes[..length]);
            let (_, columns) = self.shown.screen().size();
            let rows = self.shown.screen().rows(0, columns.get());
            Ok(rows.map(|row| row.trim_end().to_owned()).collect())
        }
    }

    fn rows(output: &Output, file: OutputFile, list: List) -> Result<Rows<'_>> {
        let (format, color) = (Format::Table, ColorChoice::Always);
        let mut rows =
            Rows::start::<Sample>(output, format, color, Some(file), vec![], Some(list))?;
        // whatever the terminal is that the test runs on
        if let Some(list) = &mut rows.list {
            list.shape = Shape::Screen;
        }
        Ok(rows)
    }

    fn draw(rows: &mut Rows<'_>, numbers: impl IntoIterator<Item = u64>) -> Result<()> {
        for number in numbers {
            rows.write(&Sample(number))?;
        }
        rows.end_list()
    }

    #[test]
    fn list_fits_the_screen_and_replaces_the_last_one() -> Result<()> {
        let (mut screen, file) = Screen::new(3, 20)?;
        screen.shown.process(b"$ list\r\n");
        let output = Output::new(Rc::new(Signals::new()?))?;
        let list = List::new::<Sample>(None, usize::MAX, true)?;
        let mut rows = rows(&output, file, list)?;

        let title = "NUMBER TEXT";
        draw(&mut rows, 10..15)?;
        // as wide as the screen, so that the cursor waits behind the last column
        let first = "10     0123456789ab…";
        assert_eq!(screen.lines()?, [title, first, "4 more"]);
        screen.shown.screen_mut().set_scrollback(1);
        assert_eq!(
            screen.shown.screen().contents().lines().next(),
            Some("$ list")
        );
        screen.shown.screen_mut().set_scrollback(0);

        draw(&mut rows, [20, 21])?;
        let (one, other) = ("20     0123456789ab…", "21     0123456789ab…");
        assert_eq!(screen.lines()?, [title, one, other]);

        screen.resize(6, 40)?;
        draw(&mut rows, [7])?;
        assert_eq!(
            screen.lines()?,
            [title, "7      0123456789abcdef", "", "", "", ""]
        );
        assert_eq!(screen.shown.screen().cursor_position(), (1, 23));
        draw(&mut rows, [])?;
        assert_eq!(screen.lines()?, [title, "", "", "", "", ""]);

        screen.resize(1, 4)?;
        draw(&mut rows, [7, 8])?;
        assert_eq!(screen.lines()?, ["NUM…"]);
        rows.leave()?;
        assert_eq!(screen.lines()?, [""]);
        Ok(())
    }

    #[test]
    fn sorted_list_is_cut_on_demand() -> Result<()> {
        let (mut screen, file) = Screen::new(4, 20)?;
        let output = Output::new(Rc::new(Signals::new()?))?;
        let mut rows = rows(&output, file, List::new::<Sample>(Some("number"), 2, true)?)?;
        draw(&mut rows, [1, 9, 5, 10])?;
        let lines = screen.lines()?;
        let numbers: Vec<_> = lines.iter().filter_map(|it| it.split(' ').next()).collect();
        assert_eq!(numbers, ["NUMBER", "10", "9", ""]);
        screen.resize(3, 20)?;
        draw(&mut rows, [3, 1, 2])?;
        assert_eq!(screen.lines()?[1][..1], *"3");
        Ok(())
    }
}
