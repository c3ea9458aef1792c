//! Bytes of Kafka's log: batches of records, whole or poisonous.

/// The codec's number in a batch's attributes.
pub const GZIP: i16 = 1;
/// See [`GZIP`].
pub const SNAPPY: i16 = 2;
/// See [`GZIP`].
pub const LZ4: i16 = 3;
/// See [`GZIP`].
pub const ZSTD: i16 = 4;

/// A batch of version 2 with these (compressed) records, whose checksum is right.
pub fn batch(base_offset: i64, count: i32, codec: i16, records: &[u8], timestamp_ms: i64) -> Vec<u8> {
    let mut checked = Vec::new();
    checked.extend(codec.to_be_bytes());
    checked.extend((count - 1).to_be_bytes());
    checked.extend(timestamp_ms.to_be_bytes());
    checked.extend(timestamp_ms.to_be_bytes());
    // Producer's id and epoch, first sequence number: none.
    checked.extend([0xff; 14]);
    checked.extend(count.to_be_bytes());
    checked.extend(records);
    let mut batch = Vec::new();
    batch.extend(base_offset.to_be_bytes());
    // What follows: the leader's epoch, the version, the checksum, and what it is over.
    batch.extend(i32::try_from(4 + 1 + 4 + checked.len()).unwrap().to_be_bytes());
    batch.extend(0_i32.to_be_bytes());
    batch.push(2);
    batch.extend(crc32c(&checked).to_be_bytes());
    batch.extend(checked);
    batch
}

/// What comes before and after the value of a batch's first record, which has no key and no headers.
pub fn around_value(value_bytes: usize) -> (Vec<u8>, Vec<u8>) {
    // Attributes, differences of timestamp and offset, and a key of length -1.
    let mut inside = vec![0, 0, 0, 1];
    inside.extend(varint(value_bytes));
    let after = vec![0];
    let mut before = varint(inside.len() + value_bytes + after.len());
    before.extend(inside);
    (before, after)
}

/// A zstd frame of one record with a value of `blocks` times 128 KiB, in 4 bytes each.
pub fn zstd_bomb(blocks: usize) -> Vec<u8> {
    let (before, after) = around_value(blocks << 17);
    // No checksum, no content size, a window of 8 MiB.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68];
    let mut block = |last: u32, kind: u32, size: usize, content: &[u8]| {
        let header = last | kind << 1 | u32::try_from(size).unwrap() << 3;
        frame.extend(&header.to_le_bytes()[..3]);
        frame.extend(content);
    };
    block(0, 0, before.len(), &before);
    (0..blocks).for_each(|_| block(0, 1, 1 << 17, b"x"));
    block(1, 0, after.len(), &after);
    frame
}

/// Kafka's signed numbers: zigzag, seven bits a byte.
fn varint(number: usize) -> Vec<u8> {
    let mut rest = number * 2;
    let mut bytes = Vec::new();
    while rest > 0x7f {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 })
    })
}
