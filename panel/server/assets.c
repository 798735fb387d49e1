#include "panel/server/assets.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define ASSET_LIMIT 8
#define HASH_BYTES  8

static const char prefix[] = "/assets/";

struct assets {
    char paths[ASSET_LIMIT][80]; /* "/assets/0123456789abcdef/style.css" */
    char etags[ASSET_LIMIT][2 * HASH_BYTES + 3];
    json_t *addresses;
};

static const struct {
    const char *ending;
    const char *type;
} types[] = {
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"},
};

struct assets *assets_new(void)
{
    struct assets *assets = xcalloc(1, sizeof(*assets));

    assets->addresses = json_object();
    for (size_t i = 0; i < ASSET_LIMIT && asset_files[i].name != NULL; i++) {
        const struct asset_file *file = &asset_files[i];
        unsigned char hash[crypto_hash_sha256_BYTES];
        char hex[2 * HASH_BYTES + 1];
        AUTO(free) char *name = xstrdup(file->name);

        (void)crypto_hash_sha256(hash, (const unsigned char *)file->text, strlen(file->text));
        (void)sodium_bin2hex(hex, sizeof(hex), hash, HASH_BYTES);
        snprintf(assets->paths[i], sizeof(assets->paths[i]), "%s%s/%s", prefix, hex, file->name);
        snprintf(assets->etags[i], sizeof(assets->etags[i]), "\"%s\"", hex);
        for (char *c = strpbrk(name, ".-"); c != NULL; c = strpbrk(c, ".-")) {
            *c = '_';
        }
        (void)json_object_set_new(assets->addresses, name, json_string(assets->paths[i]));
    }
    return assets;
}

void assets_free(struct assets *assets)
{
    if (assets != NULL) {
        json_decref(assets->addresses);
        free(assets);
    }
}

json_t *assets_addresses(const struct assets *assets)
{
    return assets->addresses;
}

static const char *type_of(const char *name)
{
    const char *ending = strrchr(name, '.');

    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        if (ending != NULL && strcmp(ending, types[i].ending) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

bool assets_serve(const struct assets *assets, const char *path, struct reply *reply)
{
    for (size_t i = 0; i < ASSET_LIMIT && asset_files[i].name != NULL; i++) {
        if (strcmp(path, assets->paths[i]) == 0) {
            reply->status = 200;
            reply->lasting = asset_files[i].text;
            reply->length = strlen(asset_files[i].text);
            reply->content_type = type_of(asset_files[i].name);
            reply->etag = assets->etags[i];
            return true;
        }
    }
    return false;
}
