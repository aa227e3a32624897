/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Intrusive lists. GLib's GQueue can hold embedded links too, but not inline, and the run queue is touched at every switch.
 *
 * Always true: a link is in one list or in none; in none it points to itself; the order is the order of pushing. */

#pragma once

#include <glib.h>

typedef struct _TrioLink TrioLink;

struct _TrioLink
{
  TrioLink *prev;
  TrioLink *next;
};

/* The head of a list is a link that belongs to no element. */
typedef TrioLink TrioList;

#define TRIO_CONTAINER(link, type, member) ((type *) (void *) ((char *) (link) - G_STRUCT_OFFSET (type, member)))

static inline void
trio_link_init (TrioLink *link)
{
  link->prev = link->next = link;
}

static inline gboolean
trio_link_is_linked (const TrioLink *link)
{
  return link->next != link;
}

static inline gboolean
trio_list_is_empty (const TrioList *list)
{
  return list->next == list;
}

static inline TrioLink *
trio_list_first (const TrioList *list)
{
  return trio_list_is_empty (list) ? NULL : list->next;
}

/* The element after link, or NULL if it is the last. */
static inline TrioLink *
trio_list_next (const TrioList *list, const TrioLink *link)
{
  return link->next == list ? NULL : link->next;
}

static inline void
trio_list_push_tail (TrioList *list, TrioLink *link)
{
  link->prev = list->prev;
  link->next = list;
  list->prev->next = link;
  list->prev = link;
}

static inline void
trio_link_unlink (TrioLink *link)
{
  link->prev->next = link->next;
  link->next->prev = link->prev;
  trio_link_init (link);
}
