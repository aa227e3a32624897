/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Names of functions, from ELF symbol tables. See symbols.h.
 *
 *     address -> which object is loaded there (dl_iterate_phdr) -> its file, mapped once -> .symtab, else .dynsym -> the function
 *     around it
 *
 * Always true: nothing that a file says is believed before it was checked against the file's length. */

#include "host/symbols.h"

#include <link.h>
#include <string.h>

/* What is known of a file; kept as long as the process. */
typedef struct
{
  char             *path;
  const char       *name;         /* interned */
  GMappedFile      *mapped;       /* NULL: it cannot be read */
  const ElfW(Sym)  *symbols;      /* NULL: it has none */
  gsize             n_symbols;
  const char       *strings;
  gsize             n_strings;
} Image;

static GMutex      lock;
static GPtrArray  *images;        /* (lock) of Image */
static GHashTable *known;         /* (lock) address -> TrioSymbol; only looked up */

/* --- a file --- */

static gboolean
lies_within (const Image *image, gsize offset, gsize size)
{
  gsize length = g_mapped_file_get_length (image->mapped);

  return offset <= length && size <= length - offset;
}

/* Takes the symbols of a section header, if they are all there. */
static gboolean
take_symbols (Image *image, const ElfW(Shdr) *sections, guint n_sections, const ElfW(Shdr) *section)
{
  const char *bytes = g_mapped_file_get_contents (image->mapped);
  const ElfW(Shdr) *strings;

  if (section->sh_link >= n_sections || section->sh_entsize != sizeof (ElfW(Sym)))
    return FALSE;
  strings = &sections[section->sh_link];
  if (!lies_within (image, section->sh_offset, section->sh_size) || !lies_within (image, strings->sh_offset, strings->sh_size)
      || strings->sh_size == 0 || bytes[strings->sh_offset + strings->sh_size - 1] != '\0'
      || section->sh_offset % G_ALIGNOF (ElfW(Sym)) != 0)
    return FALSE;

  image->symbols = (const ElfW(Sym) *) (gconstpointer) (bytes + section->sh_offset);
  image->n_symbols = section->sh_size / sizeof (ElfW(Sym));
  image->strings = bytes + strings->sh_offset;
  image->n_strings = strings->sh_size;
  return TRUE;
}

static void
read_tables (Image *image)
{
  static const guint kinds[] = { SHT_SYMTAB, SHT_DYNSYM };
  const char *bytes = g_mapped_file_get_contents (image->mapped);
  const ElfW(Ehdr) *head = (const ElfW(Ehdr) *) (gconstpointer) bytes;
  const ElfW(Shdr) *sections;

  if (!lies_within (image, 0, sizeof *head) || memcmp (head->e_ident, ELFMAG, SELFMAG) != 0
      || head->e_ident[EI_CLASS] != (sizeof (gpointer) == 8 ? ELFCLASS64 : ELFCLASS32)
      || head->e_shentsize != sizeof (ElfW(Shdr)) || head->e_shoff % G_ALIGNOF (ElfW(Shdr)) != 0
      || !lies_within (image, head->e_shoff, (gsize) head->e_shnum * sizeof (ElfW(Shdr))))
    return;

  sections = (const ElfW(Shdr) *) (gconstpointer) (bytes + head->e_shoff);
  for (guint kind = 0; kind < G_N_ELEMENTS (kinds); kind++)
    for (guint i = 0; i < head->e_shnum; i++)
      if (sections[i].sh_type == kinds[kind] && take_symbols (image, sections, head->e_shnum, &sections[i]))
        return;
}

static char *
dup_name (const char *path)
{
  g_autofree char *program = path[0] == '\0' ? g_file_read_link ("/proc/self/exe", NULL) : NULL;

  /* The program itself is loaded without a name. */
  return g_path_get_basename (path[0] != '\0' ? path : program != NULL ? program : "program");
}

/* (lock) */
static Image *
get_image (const char *path)
{
  g_autofree char *name = NULL;
  Image *image;

  if (images == NULL)
    images = g_ptr_array_new ();
  for (guint i = 0; i < images->len; i++)
    if (g_str_equal (((Image *) g_ptr_array_index (images, i))->path, path))
      return g_ptr_array_index (images, i);

  image = g_new0 (Image, 1);
  image->path = g_strdup (path);
  name = dup_name (path);
  image->name = g_intern_string (name);
  image->mapped = g_mapped_file_new (path[0] != '\0' ? path : "/proc/self/exe", FALSE, NULL);
  if (image->mapped != NULL)
    read_tables (image);
  g_ptr_array_add (images, image);
  return image;
}

/* The function around an address as the file counts them. */
static void
find_function (const Image *image, gsize address, TrioSymbol *found)
{
  for (gsize i = 0; i < image->n_symbols; i++)
    {
      const ElfW(Sym) *symbol = &image->symbols[i];
      const char *text;

      if ((symbol->st_info & 0xf) != STT_FUNC || symbol->st_shndx == SHN_UNDEF || address < symbol->st_value
          || address - symbol->st_value >= symbol->st_size || symbol->st_name >= image->n_strings)
        continue;
      text = image->strings + symbol->st_name;
      /* What the compiler made of a function ("eat.part.0") is that function for a reader. */
      if (text[0] != '\0' && text[0] != '.')
        {
          g_autofree char *name = g_strndup (text, strcspn (text, "."));

          found->function = g_intern_string (name);
          found->offset = address - symbol->st_value;
          return;
        }
    }
}

/* --- an address --- */

typedef struct
{
  guintptr  address;
  char     *path;          /* of the object that is loaded there */
  gsize     base;
} Search;

static int
look_at_object (struct dl_phdr_info *info, size_t size G_GNUC_UNUSED, void *data)
{
  Search *search = data;

  for (guint i = 0; i < info->dlpi_phnum; i++)
    {
      const ElfW(Phdr) *part = &info->dlpi_phdr[i];
      guintptr begin = info->dlpi_addr + part->p_vaddr;

      if (part->p_type == PT_LOAD && search->address >= begin && search->address - begin < part->p_memsz)
        {
          search->path = g_strdup (info->dlpi_name != NULL ? info->dlpi_name : "");
          search->base = info->dlpi_addr;
          return 1;
        }
    }
  return 0;
}

static TrioSymbol
find (guintptr address)
{
  Search search = { .address = address };
  TrioSymbol found = { 0 };
  Image *image;

  dl_iterate_phdr (look_at_object, &search);
  if (search.path == NULL)
    return found;
  image = get_image (search.path);
  found.file = image->name;
  found.file_offset = address - search.base;
  find_function (image, found.file_offset, &found);
  g_free (search.path);
  return found;
}

TrioSymbol
trio_symbol_find (guintptr address)
{
  const TrioSymbol *before;
  TrioSymbol found;

  g_mutex_lock (&lock);
  if (known == NULL)
    known = g_hash_table_new (NULL, NULL);
  before = g_hash_table_lookup (known, (gconstpointer) address);
  if (before == NULL)
    {
      found = find (address);
      g_hash_table_insert (known, (gpointer) address, g_memdup2 (&found, sizeof found));
    }
  else
    found = *before;
  g_mutex_unlock (&lock);
  return found;
}
