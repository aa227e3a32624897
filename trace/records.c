/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The table of fields: records.def as data, for the codec's two directions and for those who print every record alike. */

#include "trace/codec.h"

#define FIELD(kind, member, field_name) \
  { TRIO_TRACE_FIELD_##kind, FALSE, G_STRUCT_OFFSET (TrioTraceRecord, member), field_name },
#define OPTIONAL(kind, member, field_name) \
  { TRIO_TRACE_FIELD_##kind, TRUE, G_STRUCT_OFFSET (TrioTraceRecord, member), field_name },
#define DEFINITION(NAME, type, name, payload)
#define RECORD(NAME, type, name, fields) { TRIO_TRACE_##NAME, name, 0, { fields } },

static const TrioTraceShape shapes[] = {
#include "trace/records.def"
};

#undef RECORD
#undef DEFINITION

/* The same list again, for the number of fields: C has no way to count an initialiser. */
#undef FIELD
#undef OPTIONAL
#define FIELD(kind, member, field_name)    +1
#define OPTIONAL(kind, member, field_name) +1
#define DEFINITION(NAME, type, name, payload)
#define RECORD(NAME, type, name, fields) G_STATIC_ASSERT (0 fields <= TRIO_TRACE_MAX_FIELDS); \
                                         G_STATIC_ASSERT (type >= TRIO_TRACE_FIRST_TIMED && type < 0x80);
#include "trace/records.def"
#undef RECORD
#define RECORD(NAME, type, name, fields) (0 fields),
static const guint8 n_fields[] = {
#include "trace/records.def"
};
#undef RECORD
#undef DEFINITION

G_STATIC_ASSERT (G_N_ELEMENTS (shapes) == G_N_ELEMENTS (n_fields));

const TrioTraceShape *
trio_trace_get_shapes (guint *n_shapes)
{
  static TrioTraceShape counted[G_N_ELEMENTS (shapes)];
  static gsize once;

  if (g_once_init_enter (&once))
    {
      for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
        {
          counted[i] = shapes[i];
          counted[i].n_fields = n_fields[i];
        }
      g_once_init_leave (&once, 1);
    }

  if (n_shapes != NULL)
    *n_shapes = G_N_ELEMENTS (shapes);
  return counted;
}

const TrioTraceShape *
trio_trace_get_shape (guint64 type)
{
  guint n_shapes;
  const TrioTraceShape *all = trio_trace_get_shapes (&n_shapes);

  for (guint i = 0; i < n_shapes; i++)
    if (all[i].type == type)
      return &all[i];
  return NULL;
}

guint64
trio_trace_record_get_number (const TrioTraceRecord *record, const TrioTraceField *field)
{
  g_assert (field->kind == TRIO_TRACE_FIELD_NUMBER);
  return G_STRUCT_MEMBER (guint64, record, field->offset);
}

const char *
trio_trace_record_get_string (const TrioTraceRecord *record, const TrioTraceField *field)
{
  g_assert (field->kind != TRIO_TRACE_FIELD_NUMBER);
  return G_STRUCT_MEMBER (const char *, record, field->offset);
}
