/* Runs the transactions of bench/rules/corpus.py through libmodsecurity 3, as a server's connector would.
 *
 * modsecurity RULES ROW[:PASSES]...: loads the rules, then each row so many times; prints the CPU microseconds and the
 * resident kilobytes of loading, then for each row the CPU microseconds, the transactions and those refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <modsecurity/intervention.h>
#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

static double cpu_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_sec * 1e6 + usage.ru_stime.tv_usec;
}

static long resident_kb(void) {
    char line[256];
    long kb = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmRSS: %ld", &kb) == 1) break;
    if (status) fclose(status);
    return kb;
}

static void quiet(void *data, const void *message) {
    (void)data;
    (void)message;
}

static char *file(const char *name, size_t *size) {
    FILE *in = fopen(name, "rb");
    if (!in) { perror(name); exit(1); }
    fseek(in, 0, SEEK_END);
    *size = ftell(in);
    rewind(in);
    char *bytes = malloc(*size + 1);
    if (fread(bytes, 1, *size, in) != *size) exit(1);
    bytes[*size] = 0;
    fclose(in);
    return bytes;
}

static int refused(Transaction *transaction) {
    ModSecurityIntervention intervention = {200, 0, NULL, NULL, 0};
    int stopped = msc_intervention(transaction, &intervention);
    free(intervention.url);
    free(intervention.log);
    return stopped && intervention.disruptive;
}

/* One transaction; moves `at` behind it. */
static int run(ModSecurity *engine, RulesSet *rules, char **at) {
    char *p = *at;
    Transaction *transaction = NULL;
    int stopped = 0, status = 200;
    const unsigned char *body = NULL;
    size_t length = 0;
    int arrived = 0;
    for (;;) {
        char *end = strchr(p, '\n');
        char *next = end + 1;
        *end = 0;
        switch (*p) {
        case 'T': {
            char method[16], uri[65536], protocol[16];
            sscanf(p + 2, "%15s %65535s %15s", method, uri, protocol);
            transaction = msc_new_transaction(engine, rules, NULL);
            msc_process_connection(transaction, "192.0.2.7", 40000, "127.0.0.1", 80);
            msc_process_uri(transaction, uri, method, strchr(protocol, '/') + 1);
            break;
        }
        case 'H':
        case 'R': {
            char *colon = strchr(p, ':');
            size_t name = colon - (p + 2), value = end - (colon + 2);
            if (*p == 'H')
                msc_add_n_request_header(transaction, (unsigned char *)p + 2, name, (unsigned char *)colon + 2, value);
            else
                msc_add_n_response_header(transaction, (unsigned char *)p + 2, name, (unsigned char *)colon + 2, value);
            break;
        }
        case 'B':
        case 'D':
            length = strtoul(p + 2, NULL, 10);
            body = (unsigned char *)next;
            next += length + 1;
            break;
        case 'S':
            status = atoi(p + 2);
            break;
        }
        char kind = *p;
        *end = '\n';
        p = next;
        /* The request is whole when the response begins, the response when the transaction ends. */
        if (kind == 'S' && !arrived) {
            arrived = 1;
            msc_process_request_headers(transaction);
            stopped = refused(transaction);
            if (!stopped) {
                if (length) msc_append_request_body(transaction, body, length);
                msc_process_request_body(transaction);
                stopped = refused(transaction);
            }
            length = 0;
        }
        if (kind == 'E') {
            if (!stopped) {
                msc_process_response_headers(transaction, status, "HTTP 1.1");
                stopped = refused(transaction);
            }
            if (!stopped) {
                if (length) msc_append_response_body(transaction, body, length);
                msc_process_response_body(transaction);
                stopped = refused(transaction);
            }
            msc_process_logging(transaction);
            msc_transaction_cleanup(transaction);
            *at = p;
            return stopped;
        }
    }
}

int main(int count, char **words) {
    if (count < 2) return 2;
    double before = cpu_us();
    ModSecurity *engine = msc_init();
    msc_set_log_cb(engine, quiet);
    RulesSet *rules = msc_create_rules_set();
    const char *error = NULL;
    if (msc_rules_add_file(rules, words[1], &error) < 0) {
        fprintf(stderr, "modsecurity: %s\n", error);
        return 1;
    }
    printf("load %.0f %ld\n", cpu_us() - before, resident_kb());
    for (int i = 2; i < count; i++) {
        char *colon = strrchr(words[i], ':');
        int passes = colon ? atoi(colon + 1) : 1;
        if (colon) *colon = 0;
        size_t size;
        char *bytes = file(words[i], &size);
        long transactions = 0, stopped = 0;
        /* Once to warm up what is made on first use; not counted. */
        for (int pass = -1; pass < passes; pass++) {
            if (pass == 0) { before = cpu_us(); transactions = stopped = 0; }
            for (char *at = bytes; at < bytes + size; transactions++) stopped += run(engine, rules, &at);
        }
        printf("row %s %.1f %ld %ld\n", words[i], cpu_us() - before, transactions, stopped);
        fflush(stdout);
        free(bytes);
    }
    printf("end %ld\n", resident_kb());
    return 0;
}
