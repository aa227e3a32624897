/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The codec: trace records to bytes and back. README.md is the specification; this is the only code that knows the bytes.
 *
 * What is always true:
 *  1. Both directions walk one table of fields, made from records.def, so that they cannot disagree.
 *  2. The same records give the same bytes: no address, no hash order, no clock.
 *  3. The reader believes nothing: whatever the bytes are, it ends with records, an end, or an error that says where.
 *
 * The recorder writes with it, the tool and the tests read with it. GLib only. One thread at a time for each writer or reader. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define TRIO_TRACE_VERSION 1

#define TRIO_TRACE_FLAG_VIRTUAL_TIME (1u << 0)

typedef enum
{
#define DEFINITION(NAME, type, name, payload) TRIO_TRACE_##NAME = type,
#define RECORD(NAME, type, name, fields)      TRIO_TRACE_##NAME = type,
#include "trace/records.def"
#undef DEFINITION
#undef RECORD
  TRIO_TRACE_FIRST_TIMED = 0x10,
} TrioTraceType;

/* step-ended: how the task goes on. */
typedef enum
{
  TRIO_TRACE_STATE_RUNNABLE,
  TRIO_TRACE_STATE_BLOCKED,
  TRIO_TRACE_STATE_DONE,
} TrioTraceState;

/* task-exited: how it ended. */
typedef enum
{
  TRIO_TRACE_EXIT_OK,
  TRIO_TRACE_EXIT_ERROR,
  TRIO_TRACE_EXIT_CANCELLED,
  TRIO_TRACE_EXIT_INTERRUPTED,
} TrioTraceExit;

/* Any event. Which members mean something for a type, and what, is in records.def; the others are 0 or NULL. From a reader,
 * strings are never NULL but for these others, are valid UTF-8, and live as long as the reader (names) or until its next record
 * (text). */
typedef struct
{
  TrioTraceType  type;
  gint64         time_us;      /* since the first event; never goes back */
  guint64        task;         /* serials; 0 is none */
  guint64        other;
  guint64        scope;
  guint64        how;
  guint64        id;
  guint64        value;
  guint64        bound;
  guint64        step;
  const char    *name;
  const char    *what;
  const char    *text;
} TrioTraceRecord;

/* The table of fields, for those who print every record alike. */
typedef enum
{
  TRIO_TRACE_FIELD_NUMBER,
  TRIO_TRACE_FIELD_NAME,
  TRIO_TRACE_FIELD_TEXT,
} TrioTraceFieldKind;

#define TRIO_TRACE_MAX_FIELDS 8

typedef struct
{
  TrioTraceFieldKind  kind;
  gboolean            optional;
  gsize               offset;   /* in TrioTraceRecord, of a guint64 or a const char * */
  const char         *name;
} TrioTraceField;

typedef struct
{
  TrioTraceType   type;
  const char     *name;
  guint           n_fields;
  TrioTraceField  fields[TRIO_TRACE_MAX_FIELDS];
} TrioTraceShape;

/* Of the events, in order of type. */
const TrioTraceShape *trio_trace_get_shapes         (guint *n_shapes);
/* NULL if version 1 knows no such event. */
const TrioTraceShape *trio_trace_get_shape          (guint64 type);
guint64               trio_trace_record_get_number  (const TrioTraceRecord *record, const TrioTraceField *field);
const char           *trio_trace_record_get_string  (const TrioTraceRecord *record, const TrioTraceField *field);

/* Writing: bytes pile up in `bytes`; whoever owns the writer takes them away by setting its length to 0 whenever they like. */
typedef struct
{
  GByteArray *bytes;
  /*< private >*/
  GByteArray *payload;
  GHashTable *strings;         /* text -> its number; looked up, never iterated */
  guint64     n_strings;
  guint64     n_records;
  gint64      time_us;
} TrioTraceWriter;

/* Makes a writer that has written the header. */
TrioTraceWriter *trio_trace_writer_new   (guint flags, const char *program);
void             trio_trace_writer_write (TrioTraceWriter *self, const TrioTraceRecord *record);
/* The last record: without it a reader takes the file for cut. */
void             trio_trace_writer_end   (TrioTraceWriter *self);
void             trio_trace_writer_free  (TrioTraceWriter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioTraceWriter, trio_trace_writer_free)

/**
 * TrioTraceError:
 * @TRIO_TRACE_ERROR_FOREIGN: not a trace at all
 * @TRIO_TRACE_ERROR_VERSION: a trace of a version that this reader does not know
 * @TRIO_TRACE_ERROR_TRUNCATED: a trace that was cut; what came before the cut is good
 * @TRIO_TRACE_ERROR_MALFORMED: a trace with bytes that no writer writes; what came before is good
 */
typedef enum
{
  TRIO_TRACE_ERROR_FOREIGN,
  TRIO_TRACE_ERROR_VERSION,
  TRIO_TRACE_ERROR_TRUNCATED,
  TRIO_TRACE_ERROR_MALFORMED,
} TrioTraceError;

#define TRIO_TRACE_ERROR (trio_trace_error_quark ())
GQuark trio_trace_error_quark (void);

typedef struct _TrioTraceReader TrioTraceReader;

/* Reads the header. The bytes are borrowed. NULL with FOREIGN, VERSION, TRUNCATED or MALFORMED. */
TrioTraceReader *trio_trace_reader_new         (gconstpointer data, gsize length, GError **error);
void             trio_trace_reader_free        (TrioTraceReader *self);
guint            trio_trace_reader_get_flags   (TrioTraceReader *self);
const char      *trio_trace_reader_get_program (TrioTraceReader *self);
/* Records read so far, those without time and those that were skipped included. */
guint64          trio_trace_reader_get_n_read  (TrioTraceReader *self);
/* Events of types that this reader does not know; they were skipped. */
guint64          trio_trace_reader_get_n_unknown (TrioTraceReader *self);
/* TRUE: an event. FALSE without an error: the end. FALSE with TRUNCATED or MALFORMED: where and why it went no further; asking
 * again gives the same. */
gboolean         trio_trace_reader_next        (TrioTraceReader *self, TrioTraceRecord *record, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioTraceReader, trio_trace_reader_free)

G_END_DECLS
