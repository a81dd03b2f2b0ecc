//! Videos in MP4 and QuickTime: a tree of boxes, of which only the headers are read.

use std::{
    io::{Read, Seek, SeekFrom},
    time::Duration,
};

use mp4_atom::{Atom, FourCC, Header, Mehd, Mvhd, ReadFrom, Tkhd};

use super::super::Video;

/// More boxes than this on one level, and the file is not read further.
const MOST_BOXES: usize = 4096;
/// The largest of the boxes that are read whole.
const LONGEST_BOX: u64 = 1024;

const MOOV: FourCC = FourCC::new(b"moov");
const TRAK: FourCC = FourCC::new(b"trak");
const MVEX: FourCC = FourCC::new(b"mvex");

/// A box: what it is, and from where to where its content goes.
#[derive(Debug, Clone, Copy)]
struct Found {
    kind: FourCC,
    from: u64,
    to: u64,
}

pub(super) fn read(file: &mut (impl Read + Seek)) -> Option<Video> {
    let end = file.seek(SeekFrom::End(0)).ok()?;
    let movie = find(file, 0, end, MOOV)?;
    let inside = boxes(file, movie.from, movie.to);
    let head: Mvhd = inside.iter().find_map(|found| decode(file, *found))?;
    let mut length = head.duration;
    let mut largest = (0, 0);
    for found in inside {
        if found.kind == TRAK {
            let tracks = boxes(file, found.from, found.to);
            let Some(track) = tracks.into_iter().find_map(|found| decode::<Tkhd>(file, found)) else { continue };
            let (width, height) = (u32::from(track.width.integer()), u32::from(track.height.integer()));
            let lies = track.matrix.a == 0 && track.matrix.d == 0 && track.matrix.b != 0;
            let shown = if lies { (height, width) } else { (width, height) };
            if u64::from(shown.0) * u64::from(shown.1) > u64::from(largest.0) * u64::from(largest.1) {
                largest = shown;
            }
        }
        // A file in fragments says there how long it is.
        if found.kind == MVEX && length == 0 {
            let more = boxes(file, found.from, found.to);
            length = more.into_iter().find_map(|found| decode::<Mehd>(file, found)).map_or(0, |m| m.fragment_duration);
        }
    }
    let unknown = length == 0 || length == u64::from(u32::MAX) || length == u64::MAX;
    if unknown || head.timescale == 0 || largest == (0, 0) {
        return None;
    }
    let millis = u128::from(length) * 1000 / u128::from(head.timescale);
    let duration = Duration::from_millis(u64::try_from(millis).ok()?);
    Some(Video { width: largest.0, height: largest.1, duration })
}

fn find(file: &mut (impl Read + Seek), from: u64, to: u64, kind: FourCC) -> Option<Found> {
    boxes(file, from, to).into_iter().find(|found| found.kind == kind)
}

/// The boxes that follow each other from `from` to `to`. What lies beyond a broken one is not seen.
fn boxes(file: &mut (impl Read + Seek), mut from: u64, to: u64) -> Vec<Found> {
    let mut found = Vec::new();
    while from < to && found.len() < MOST_BOXES && file.seek(SeekFrom::Start(from)).is_ok() {
        let Ok(header) = Header::read_from(file) else { break };
        let Ok(start) = file.stream_position() else { break };
        let end = header.size.map_or(Some(to), |size| start.checked_add(size as u64));
        // A header itself may stand across the end.
        let Some(end) = end.filter(|end| (start..=to).contains(end)) else { break };
        found.push(Found { kind: header.kind, from: start, to: end });
        from = end;
    }
    found
}

/// The box, if it is of this kind and can be read.
fn decode<A: Atom>(file: &mut (impl Read + Seek), found: Found) -> Option<A> {
    if found.kind != A::KIND || found.to - found.from > LONGEST_BOX {
        return None;
    }
    file.seek(SeekFrom::Start(found.from)).ok()?;
    let mut body = Vec::new();
    file.take(found.to - found.from).read_to_end(&mut body).ok()?;
    A::decode_body(&mut &body[..]).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn atom(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(body.len() + 8).unwrap().to_be_bytes().to_vec();
        bytes.extend(kind);
        bytes.extend(body);
        bytes
    }

    fn mvhd(timescale: u32, duration: u32) -> Vec<u8> {
        let mut body = vec![0; 12];
        body.extend(timescale.to_be_bytes());
        body.extend(duration.to_be_bytes());
        body.extend([0; 80]);
        atom(b"mvhd", &body)
    }

    fn trak(width: u16, height: u16, matrix: [i32; 9]) -> Vec<u8> {
        let mut body = vec![0; 40];
        body.extend(matrix.iter().flat_map(|cell| cell.to_be_bytes()));
        for side in [width, height] {
            body.extend(side.to_be_bytes());
            body.extend([0, 0]);
        }
        atom(b"trak", &atom(b"tkhd", &body))
    }

    const UPRIGHT: [i32; 9] = [1, 0, 0, 0, 1, 0, 0, 0, 1];
    const ON_ITS_SIDE: [i32; 9] = [0, 1, 0, -1, 0, 0, 0, 0, 1];

    fn movie(parts: &[Vec<u8>]) -> Vec<u8> {
        let mut file = atom(b"ftyp", b"isom");
        file.extend(atom(b"mdat", &[7; 1000]));
        file.extend(atom(b"moov", &parts.concat()));
        file
    }

    fn probed(bytes: &[u8]) -> Option<(u32, u32, u64)> {
        let video = read(&mut Cursor::new(bytes))?;
        Some((video.width, video.height, u64::try_from(video.duration.as_millis()).unwrap()))
    }

    #[test]
    fn size_and_length_are_read_from_behind_the_frames() {
        let tracks = [mvhd(600, 900), trak(0, 0, UPRIGHT), trak(640, 360, UPRIGHT)];
        assert_eq!(probed(&movie(&tracks)), Some((640, 360, 1500)));
        assert_eq!(probed(&movie(&[mvhd(600, 900), trak(640, 360, ON_ITS_SIDE)])), Some((360, 640, 1500)));
    }

    #[test]
    fn a_file_in_fragments_says_how_long_it_is_elsewhere() {
        let mehd = atom(b"mvex", &atom(b"mehd", &[0, 0, 0, 0, 0, 0, 0x0b, 0xb8]));
        assert_eq!(probed(&movie(&[mvhd(1000, 0), trak(64, 48, UPRIGHT), mehd])), Some((64, 48, 3000)));
        assert_eq!(probed(&movie(&[mvhd(1000, 0), trak(64, 48, UPRIGHT)])), None);
    }

    #[test]
    fn a_box_whose_header_stands_across_the_end_is_none() {
        // The inner box goes to the end of the outer one, which ends within its header.
        let mut bytes = atom(b"moov", &[0, 0, 0, 0]);
        bytes.extend(b"mvhd and whatever follows");
        assert_eq!(probed(&bytes), None);
    }

    #[test]
    fn what_is_broken_says_nothing() {
        let whole = movie(&[mvhd(600, 900), trak(640, 360, UPRIGHT)]);
        for length in 0..whole.len() {
            assert_eq!(probed(&whole[..length]), None, "{length}");
        }
        assert_eq!(probed(&movie(&[mvhd(0, 900), trak(640, 360, UPRIGHT)])), None);
        // A box that ends before it begins, and one that never ends.
        assert_eq!(probed(b"\0\0\0\x01moov\0\0\0\0\0\0\0\x04"), None);
        assert_eq!(probed(b"\0\0\0\x01moov\xff\xff\xff\xff\xff\xff\xff\xff"), None);
    }
}
