//! An utterance a row, as Parquet: UTF-8 and 64-bit columns, all but the ids optional, Snappy.
//!
//! Written column by column through the low-level writer, in groups of rows, so that memory does
//! not grow with the corpus.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::Corpus;
use crate::export::ExportError;
use crate::export::table::{NUMBERS, TEXTS, numbers, texts};

/// Rows held before they are written.
const GROUP_ROWS: usize = 16 * 1024;

/// One column of a group: the values that are there, and for each row whether it has one.
#[derive(Debug)]
struct Column<T> {
    values: Vec<T>,
    present: Vec<i16>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            present: Vec::new(),
        }
    }
}

impl<T> Column<T> {
    fn push(&mut self, value: Option<T>) {
        self.present.push(i16::from(value.is_some()));
        self.values.extend(value);
    }

    fn clear(&mut self) {
        self.values.clear();
        self.present.clear();
    }
}

#[derive(Debug, Default)]
struct Group {
    texts: [Column<ByteArray>; 9],
    numbers: [Column<i64>; 5],
    n_rows: usize,
}

pub(crate) fn write<W: Write + Send>(
    corpus: &Corpus,
    target: &Path,
    sink: &mut W,
) -> Result<u64, ExportError> {
    let fail = |source: ParquetError| ExportError::Parquet {
        path: target.to_owned(),
        source,
    };
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let schema = schema().map_err(fail)?;
    let mut writer = SerializedFileWriter::new(sink, schema, Arc::new(properties)).map_err(fail)?;
    let splits = corpus.splits().by_id();
    let mut group = Group::default();
    let mut n_dialogues = 0;
    for dialogue in corpus.dialogues() {
        let dialogue = dialogue?;
        let split = splits.get(&dialogue.id).copied();
        for utterance in &dialogue.utterances {
            let row = texts(&dialogue, utterance, split);
            for (column, value) in group.texts.iter_mut().zip(row) {
                column.push(value.map(ByteArray::from));
            }
            let row = numbers(&dialogue, utterance);
            for (column, value) in group.numbers.iter_mut().zip(row) {
                column.push(value);
            }
            group.n_rows += 1;
        }
        if group.n_rows >= GROUP_ROWS {
            write_group(&mut writer, &mut group).map_err(fail)?;
        }
        n_dialogues += 1;
    }
    if group.n_rows > 0 {
        write_group(&mut writer, &mut group).map_err(fail)?;
    }
    writer.close().map_err(fail)?;
    Ok(n_dialogues)
}

fn schema() -> Result<Arc<Type>, ParquetError> {
    let texts = TEXTS.iter().map(|name| {
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(Some(LogicalType::String))
            .build()
    });
    let numbers = NUMBERS.iter().map(|name| {
        Type::primitive_type_builder(name, Physical::INT64)
            .with_repetition(Repetition::OPTIONAL)
            .build()
    });
    let fields = texts
        .chain(numbers)
        .map(|field| field.map(Arc::new))
        .collect::<Result<Vec<_>, _>>()?;
    let root = Type::group_type_builder("utterances")
        .with_fields(fields)
        .build()?;
    Ok(Arc::new(root))
}

fn write_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    group: &mut Group,
) -> Result<(), ParquetError> {
    let mut rows = writer.next_row_group()?;
    for column in &group.texts {
        if let Some(mut sink) = rows.next_column()? {
            let values = &column.values;
            sink.typed::<ByteArrayType>()
                .write_batch(values, Some(&column.present), None)?;
            sink.close()?;
        }
    }
    for column in &group.numbers {
        if let Some(mut sink) = rows.next_column()? {
            let values = &column.values;
            sink.typed::<Int64Type>()
                .write_batch(values, Some(&column.present), None)?;
            sink.close()?;
        }
    }
    rows.close()?;
    group.texts.iter_mut().for_each(Column::clear);
    group.numbers.iter_mut().for_each(Column::clear);
    group.n_rows = 0;
    Ok(())
}
