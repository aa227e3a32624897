/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Places in the program. See place.h. */

#include "simulator/place.h"

#include <string.h>

#define BETWEEN " < "

gboolean
trio_sim_frame_is_of_libraries (const char *frame)
{
  return !(g_ascii_isalpha (frame[0]) || frame[0] == '_') || g_str_has_prefix (frame, "trio_") || g_str_has_prefix (frame, "g_")
         || g_str_has_prefix (frame, "__") || g_str_has_prefix (frame, "lib");
}

char *
trio_sim_place_in (const char *stack)
{
  for (const char *frame = stack; frame != NULL && *frame != '\0'; frame = strstr (frame, BETWEEN))
    {
      if (g_str_has_prefix (frame, BETWEEN))
        frame += strlen (BETWEEN);
      if (!trio_sim_frame_is_of_libraries (frame))
        return g_strndup (frame, strcspn (frame, " +"));
    }
  return NULL;
}

char *
trio_sim_place_address (const char *stack, const char *exact)
{
  g_autofree char *place = trio_sim_place_in (stack);
  g_autofree char *begin = place == NULL ? NULL : g_strconcat (BETWEEN, place, "+0x", NULL);
  const char *frame = begin == NULL ? NULL : strstr (exact, begin);
  const char *address = frame == NULL ? NULL : strchr (frame, '[');

  return address == NULL ? g_strdup ("") : g_strdup_printf (" %.*s]", (int) strcspn (address, "]"), address);
}
