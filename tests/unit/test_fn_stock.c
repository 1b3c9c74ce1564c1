/* SPDX-License-Identifier: Apache-2.0 */
/* Which sandbox serves, which are made ahead, which go. */
#include <check.h>
#include <stdlib.h>

#include "fn/stock.h"

#define MB    ((uint64_t)1 << 20)
#define ITEMS 8

static struct stock stock;
static struct stock_shelf shelves[2]; /* "a" and "b" */
static struct stock_item items[ITEMS];
static size_t count;

static void begin(void)
{
	count = 0;
	shelves[0] = (struct stock_shelf){ .next = &shelves[1],
		                           .concurrency = 4,
		                           .memory = 128 * MB };
	shelves[1] =
		(struct stock_shelf){ .concurrency = 4, .memory = 128 * MB };
	stock = (struct stock){
		.shelves = shelves,
		.sandboxes = 6,
		.memory = 1024 * MB,
		.keep_ms = 1000,
		.ahead = 1,
		.creations = 2,
		.scale = 100,
	};
}

static struct stock_item *add(struct stock_shelf *shelf,
                              enum sandbox_state state, uint64_t since)
{
	struct stock_item *item = &items[count++];

	ck_assert_uint_le(count, ITEMS);
	*item = (struct stock_item){ .next = shelf->items,
		                     .shelf = shelf,
		                     .state = state,
		                     .since = since,
		                     .memory = shelf->memory };
	shelf->items = item;
	return item;
}

static void chosen(enum stock_verdict verdict, const struct stock_item *item)
{
	struct stock_choice choice = stock_choose(&stock, &shelves[0], 5000);

	ck_assert_int_eq(choice.verdict, verdict);
	ck_assert_ptr_eq(choice.item, item);
}

START_TEST(the_one_that_answers_soonest_serves)
{
	struct stock_item *item;

	chosen(STOCK_NEW, NULL);
	item = add(&shelves[0], SANDBOX_CREATING, 1);
	chosen(STOCK_USE, item);
	item = add(&shelves[0], SANDBOX_CREATED, 2);
	chosen(STOCK_USE, item);
	item = add(&shelves[0], SANDBOX_INIT, 3);
	chosen(STOCK_USE, item);
	item = add(&shelves[0], SANDBOX_FROZEN, 4);
	chosen(STOCK_USE, item);
	item = add(&shelves[0], SANDBOX_IDLE, 5);
	chosen(STOCK_USE, item);
}

END_TEST

START_TEST(of_two_the_one_used_last_serves)
{
	struct stock_item *young = add(&shelves[0], SANDBOX_FROZEN, 20);

	add(&shelves[0], SANDBOX_FROZEN, 10);
	chosen(STOCK_USE, young);
}

END_TEST

START_TEST(what_is_taken_outdated_or_anothers_does_not_serve)
{
	add(&shelves[0], SANDBOX_IDLE, 1)->taken = true;
	add(&shelves[0], SANDBOX_FROZEN, 1)->outdated = true;
	add(&shelves[0], SANDBOX_BUSY, 1);
	add(&shelves[0], SANDBOX_GONE, 1);
	add(&shelves[1], SANDBOX_FROZEN, 1);
	chosen(STOCK_NEW, NULL);
}

END_TEST

START_TEST(one_that_has_answered_is_waited_for_a_moment)
{
	struct stock_item *item = add(&shelves[0], SANDBOX_BUSY, 4990);

	item->answered = true;
	add(&shelves[0], SANDBOX_INIT, 1);
	chosen(STOCK_USE, item);
	/* It does something else: another, unless that is refused. */
	item->since = 4900;
	chosen(STOCK_USE, &items[1]);
	items[1].taken = true;
	chosen(STOCK_NEW, NULL);
	shelves[0].concurrency = 2;
	chosen(STOCK_USE, item);
	item->taken = true;
	chosen(STOCK_AT_FUNCTION, NULL);
}

END_TEST

START_TEST(concurrency_is_the_functions_cap)
{
	shelves[0].concurrency = 2;
	add(&shelves[0], SANDBOX_BUSY, 1);
	add(&shelves[0], SANDBOX_GONE, 1);
	chosen(STOCK_NEW, NULL);
	add(&shelves[0], SANDBOX_BUSY, 1);
	chosen(STOCK_AT_FUNCTION, NULL);
}

END_TEST

START_TEST(an_outdated_one_at_rest_gives_way_to_the_new_version)
{
	struct stock_item *old;

	shelves[0].concurrency = 1;
	old = add(&shelves[0], SANDBOX_FROZEN, 1);
	old->outdated = true;
	chosen(STOCK_NEW, old);
	old->state = SANDBOX_BUSY;
	chosen(STOCK_AT_FUNCTION, NULL);
}

END_TEST

START_TEST(the_host_makes_room_of_what_rested_longest)
{
	struct stock_item *oldest = add(&shelves[1], SANDBOX_FROZEN, 10);

	add(&shelves[1], SANDBOX_FROZEN, 20);
	stock.sandboxes = 2;
	chosen(STOCK_NEW, oldest);
	oldest->taken = true;
	oldest->state = SANDBOX_BUSY;
	chosen(STOCK_NEW, &items[1]);
	items[1].taken = true;
	chosen(STOCK_AT_HOST, NULL);
}

END_TEST

START_TEST(memory_is_a_cap_of_the_host)
{
	struct stock_item *other = add(&shelves[1], SANDBOX_IDLE, 10);

	stock.memory = 255 * MB;
	chosen(STOCK_NEW, other);
	stock.memory = 256 * MB;
	chosen(STOCK_NEW, NULL);
	other->taken = true;
	stock.memory = 255 * MB;
	chosen(STOCK_AT_HOST, NULL);
	/* Larger than all of it: no wrap-around. */
	shelves[0].memory = UINT64_MAX;
	chosen(STOCK_AT_HOST, NULL);
}

END_TEST

START_TEST(what_was_promised_is_not_taken_for_others)
{
	add(&shelves[1], SANDBOX_FROZEN, 10);
	shelves[1].provisioned = 1;
	stock.sandboxes = 1;
	chosen(STOCK_AT_HOST, NULL);
	/* One that is only created was not promised. */
	add(&shelves[1], SANDBOX_CREATED, 20);
	stock.sandboxes = 2;
	chosen(STOCK_NEW, &items[1]);
}

END_TEST

START_TEST(the_scaling_rate_refuses_and_recovers)
{
	uint32_t i;

	stock.scale = 3;
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(
			stock_choose(&stock, &shelves[0], 1000).verdict,
			STOCK_NEW);
		stock_count_new(&stock, &shelves[0], 1000);
	}
	ck_assert_int_eq(stock_choose(&stock, &shelves[0], 1000).verdict,
	                 STOCK_AT_RATE);
	ck_assert_int_eq(stock_choose(&stock, &shelves[0], 4000).verdict,
	                 STOCK_AT_RATE);
	/* A third of ten seconds for each of three. */
	ck_assert_int_eq(stock_choose(&stock, &shelves[0], 4400).verdict,
	                 STOCK_NEW);
}

END_TEST

START_TEST(rest_ends_after_the_keep_alive)
{
	struct stock_item *item = add(&shelves[0], SANDBOX_FROZEN, 1000);

	ck_assert_ptr_null(stock_expired(&stock, 1999));
	ck_assert_ptr_eq(stock_expired(&stock, 2000), item);
	shelves[0].provisioned = 1;
	ck_assert_ptr_null(stock_expired(&stock, 9000));
	item->outdated = true;
	ck_assert_ptr_eq(stock_expired(&stock, 1000), item);
	item->taken = true;
	ck_assert_ptr_null(stock_expired(&stock, 9000));
}

END_TEST

START_TEST(a_created_one_goes_with_its_functions_use)
{
	struct stock_item *item = add(&shelves[0], SANDBOX_CREATED, 1000);

	shelves[0].last_used = 5000;
	ck_assert_ptr_null(stock_expired(&stock, 5999));
	ck_assert_ptr_eq(stock_expired(&stock, 6000), item);
}

END_TEST

START_TEST(without_keep_alive_nothing_is_kept_but_what_was_promised)
{
	struct stock_item *item = add(&shelves[0], SANDBOX_IDLE, 1000);

	ck_assert(!stock_is_surplus(&stock, item));
	stock.keep_ms = 0;
	ck_assert(stock_is_surplus(&stock, item));
	shelves[0].provisioned = 1;
	ck_assert(!stock_is_surplus(&stock, item));
	item->outdated = true;
	ck_assert(stock_is_surplus(&stock, item));
}

END_TEST

static int missing(void)
{
	return stock_missing(&stock, &shelves[0], 5000);
}

START_TEST(one_is_created_ahead_of_use)
{
	struct stock_item *item;

	ck_assert_int_eq(missing(), 0);
	shelves[0].last_used = 4500;
	ck_assert_int_eq(missing(), 'c');
	item = add(&shelves[0], SANDBOX_CREATED, 5000);
	ck_assert_int_eq(missing(), 0);
	item->taken = true;
	ck_assert_int_eq(missing(), 'c');
	shelves[0].concurrency = 1;
	ck_assert_int_eq(missing(), 0);
	shelves[0].concurrency = 4;
	stock.ahead = 0;
	ck_assert_int_eq(missing(), 0);
}

END_TEST

START_TEST(the_provisioned_level_is_filled_first)
{
	shelves[0].provisioned = 2;
	ck_assert_int_eq(missing(), 'w');
	add(&shelves[0], SANDBOX_BUSY, 1);
	ck_assert_int_eq(missing(), 'w');
	add(&shelves[0], SANDBOX_CREATING, 1)->warm = true;
	ck_assert_int_eq(missing(), 0);
}

END_TEST

START_TEST(nothing_is_made_ahead_where_there_is_no_room)
{
	shelves[0].last_used = 4500;
	add(&shelves[1], SANDBOX_FROZEN, 1);
	stock.sandboxes = 1;
	ck_assert_int_eq(missing(), 0);
	stock.sandboxes = 2;
	stock.memory = 200 * MB;
	ck_assert_int_eq(missing(), 0);
	stock.memory = 256 * MB;
	ck_assert_int_eq(missing(), 'c');
	shelves[0].hold_until = 5001;
	ck_assert_int_eq(missing(), 0);
	shelves[0].hold_until = 5000;
	add(&shelves[1], SANDBOX_CREATING, 1);
	stock.sandboxes = 9;
	stock.memory = 1024 * MB;
	stock.creations = 1;
	ck_assert_int_eq(missing(), 0);
}

END_TEST

START_TEST(creations_take_turns_requests_first)
{
	struct stock_item *ahead = add(&shelves[0], SANDBOX_CREATING, 10);
	struct stock_item *second = add(&shelves[0], SANDBOX_CREATING, 30);
	struct stock_item *first = add(&shelves[1], SANDBOX_CREATING, 20);

	ahead->queued = second->queued = first->queued = true;
	second->taken = first->taken = true;
	ck_assert(stock_may_create(&stock));
	ck_assert_ptr_eq(stock_queued(&stock), first);
	first->queued = false;
	ck_assert_ptr_eq(stock_queued(&stock), second);
	second->queued = false;
	ck_assert(!stock_may_create(&stock));
	ck_assert_ptr_eq(stock_queued(&stock), ahead);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("fn_stock");
	TCase *cases = tcase_create("stock");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(cases, begin, NULL);
	tcase_add_test(cases, the_one_that_answers_soonest_serves);
	tcase_add_test(cases, of_two_the_one_used_last_serves);
	tcase_add_test(cases,
	               what_is_taken_outdated_or_anothers_does_not_serve);
	tcase_add_test(cases, one_that_has_answered_is_waited_for_a_moment);
	tcase_add_test(cases, concurrency_is_the_functions_cap);
	tcase_add_test(cases,
	               an_outdated_one_at_rest_gives_way_to_the_new_version);
	tcase_add_test(cases, the_host_makes_room_of_what_rested_longest);
	tcase_add_test(cases, memory_is_a_cap_of_the_host);
	tcase_add_test(cases, what_was_promised_is_not_taken_for_others);
	tcase_add_test(cases, the_scaling_rate_refuses_and_recovers);
	tcase_add_test(cases, rest_ends_after_the_keep_alive);
	tcase_add_test(cases, a_created_one_goes_with_its_functions_use);
	tcase_add_test(
		cases,
		without_keep_alive_nothing_is_kept_but_what_was_promised);
	tcase_add_test(cases, one_is_created_ahead_of_use);
	tcase_add_test(cases, the_provisioned_level_is_filled_first);
	tcase_add_test(cases, nothing_is_made_ahead_where_there_is_no_room);
	tcase_add_test(cases, creations_take_turns_requests_first);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
