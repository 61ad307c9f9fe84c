/**
 * The tables, as migrations: each is run once, in this order, and never changed afterwards. The columns are those of the SQLite journal, plus
 * the organization, and the list of writes in the data of a claim. That is a column, because row-level security keeps an index of an
 * expression from being used, and because PostgreSQL cannot read all JSON: it refuses \u0000.
 *
 * Two walls separate organizations. The server uses only the views, which show the rows of the organization that its transaction has set. On
 * the tables, row-level security has the same condition, even for their owner. Both fail if no organization is set.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE zoho_payments.journal (
    organization text NOT NULL DEFAULT current_setting('zoho_payments.organization') PRIMARY KEY CHECK (organization <> ''),
    secret bytea NOT NULL,
    head_seq bigint NOT NULL, head_hash text NOT NULL,
    checkpoint_seq bigint NOT NULL, checkpoint_hash text NOT NULL
  );
  CREATE TABLE zoho_payments.events (
    organization text NOT NULL DEFAULT current_setting('zoho_payments.organization') REFERENCES zoho_payments.journal,
    seq bigint NOT NULL, entry text, type text NOT NULL, at text COLLATE "C" NOT NULL,
    data text, salt bytea, digest text NOT NULL, hash text NOT NULL,
    list text GENERATED ALWAYS AS (CASE WHEN type = 'claimed' THEN substring(data FROM '"listed":\\{"list":"(l_[^"]*)"') END) STORED,
    PRIMARY KEY (organization, seq)
  );
  CREATE INDEX events_of_entry ON zoho_payments.events (organization, entry, seq) WHERE entry IS NOT NULL;
  CREATE INDEX claims_of_list ON zoho_payments.events (organization, list) WHERE list IS NOT NULL;
  CREATE TABLE zoho_payments.entries (
    organization text NOT NULL DEFAULT current_setting('zoho_payments.organization') REFERENCES zoho_payments.journal,
    id text NOT NULL, first_seq bigint NOT NULL, last_seq bigint NOT NULL,
    scope text NOT NULL, endpoint text NOT NULL, intent text NOT NULL, key_digest text, approval_digest text, customer_id text,
    kind text, currency text, amount text, makes text,
    state text NOT NULL CHECK (state IN ('claimed', 'sent', 'recorded', 'not_recorded', 'unknown')),
    delivered integer NOT NULL,
    claimed_at text COLLATE "C" NOT NULL, sent_at text COLLATE "C", settled_at text COLLATE "C", zoho_id text,
    PRIMARY KEY (organization, id),
    UNIQUE (organization, first_seq)
  );
  CREATE UNIQUE INDEX one_per_key ON zoho_payments.entries (organization, scope, key_digest)
    WHERE key_digest IS NOT NULL AND state <> 'not_recorded';
  CREATE UNIQUE INDEX one_per_intent ON zoho_payments.entries (organization, scope, intent)
    WHERE key_digest IS NULL AND (state IN ('claimed', 'sent', 'unknown') OR (state = 'recorded' AND delivered = 0));
  CREATE UNIQUE INDEX one_per_approval ON zoho_payments.entries (organization, approval_digest) WHERE approval_digest IS NOT NULL;
  CREATE UNIQUE INDEX one_per_record ON zoho_payments.entries (organization, makes, zoho_id)
    WHERE makes IS NOT NULL AND zoho_id IS NOT NULL AND state = 'recorded';
  CREATE INDEX entries_of_intent ON zoho_payments.entries (organization, scope, intent, first_seq);
  CREATE INDEX entries_of_key ON zoho_payments.entries (organization, key_digest, first_seq) WHERE key_digest IS NOT NULL;
  CREATE INDEX entries_of_customer ON zoho_payments.entries (organization, customer_id, first_seq) WHERE customer_id IS NOT NULL;
  CREATE INDEX unsettled_entries ON zoho_payments.entries (organization, first_seq) WHERE state IN ('claimed', 'sent', 'unknown');
  CREATE INDEX untold_entries ON zoho_payments.entries (organization, first_seq) WHERE state = 'recorded' AND delivered = 0;
  CREATE INDEX entries_by_time ON zoho_payments.entries (organization, claimed_at);
  CREATE TABLE zoho_payments.blocks (
    organization text NOT NULL DEFAULT current_setting('zoho_payments.organization'),
    entry text NOT NULL, block text NOT NULL,
    PRIMARY KEY (organization, block, entry),
    FOREIGN KEY (organization, entry) REFERENCES zoho_payments.entries ON DELETE CASCADE
  );
  CREATE INDEX blocks_of_entry ON zoho_payments.blocks (organization, entry);
  CREATE TABLE zoho_payments.notes (
    organization text NOT NULL DEFAULT current_setting('zoho_payments.organization') REFERENCES zoho_payments.journal,
    seq bigint NOT NULL, scope text NOT NULL, intent text NOT NULL, type text NOT NULL, at text NOT NULL,
    PRIMARY KEY (organization, seq)
  );
  CREATE INDEX notes_of_intent ON zoho_payments.notes (organization, scope, intent, type);
  CREATE TABLE zoho_payments.turns (
    organization text NOT NULL DEFAULT current_setting('zoho_payments.organization') CHECK (organization <> ''),
    slot integer NOT NULL, epoch bigint NOT NULL, holder text NOT NULL,
    PRIMARY KEY (organization, slot)
  );

  CREATE FUNCTION zoho_payments.keep_event() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'DELETE' THEN
      IF old.seq > (SELECT checkpoint_seq FROM zoho_payments.journal WHERE organization = old.organization) THEN
        RAISE EXCEPTION 'an event is never removed';
      END IF;
      RETURN old;
    END IF;
    IF new.data IS NOT NULL OR new.salt IS NOT NULL
      OR (new.organization, new.seq, new.entry, new.type, new.at, new.digest, new.hash)
        IS DISTINCT FROM (old.organization, old.seq, old.entry, old.type, old.at, old.digest, old.hash) THEN
      RAISE EXCEPTION 'an event is never changed';
    END IF;
    RETURN new;
  END $$;
  CREATE TRIGGER events_are_kept BEFORE UPDATE OR DELETE ON zoho_payments.events
    FOR EACH ROW EXECUTE FUNCTION zoho_payments.keep_event();

  DO $$
  DECLARE
    name text;
  BEGIN
    CREATE SCHEMA zoho_payments_session;
    FOREACH name IN ARRAY ARRAY['journal', 'events', 'entries', 'blocks', 'notes', 'turns'] LOOP
      EXECUTE format('ALTER TABLE zoho_payments.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
      EXECUTE format(
        'CREATE POLICY of_organization ON zoho_payments.%I USING (organization = current_setting(''zoho_payments.organization''))', name);
      EXECUTE format('CREATE VIEW zoho_payments_session.%1$I WITH (security_invoker = true) AS SELECT * FROM zoho_payments.%1$I
        WHERE organization = current_setting(''zoho_payments.organization'')', name);
    END LOOP;
  END $$;

  GRANT USAGE ON SCHEMA zoho_payments, zoho_payments_session TO zoho_payments_server;
  GRANT SELECT ON ALL TABLES IN SCHEMA zoho_payments, zoho_payments_session TO zoho_payments_server;
  GRANT INSERT, UPDATE ON zoho_payments.journal, zoho_payments.turns, zoho_payments_session.journal, zoho_payments_session.turns
    TO zoho_payments_server;
  GRANT INSERT, UPDATE, DELETE ON
    zoho_payments.events, zoho_payments.entries, zoho_payments.blocks, zoho_payments.notes,
    zoho_payments_session.events, zoho_payments_session.entries, zoho_payments_session.blocks, zoho_payments_session.notes
    TO zoho_payments_server;
  `,
];

/** The role of the server. It owns no table, so that row-level security applies to it, even if it logs in as a superuser. */
export const SERVER_ROLE = 'zoho_payments_server';
